using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Running;
using QmpBackup.Qmp;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup thaw</c></summary>
internal static class ThawCommand
{
    public static Command Create()
    {
        var command = new CliCommand("thaw", "Thaw a guest that something left frozen. Safe to repeat, and when nothing is frozen.")
        {
            Remarks = "It goes on trying until the guest agent says that the guest is thawed, for a minute at the most.",
            Examples = [("qbackup thaw --agent unix:/run/vm1.qga", "Whatever froze it:")],
        };
        command.Options.Add(AgentOptions.Agent);
        command.Runs(RunAsync);
        return command;
    }

    private static async Task RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var agent = AgentOptions.RequireAgent(context);
        var thawed = await AgentFreezer.ThawAsync(agent, new GuestAgentOptions { LoggerFactory = context.LoggerFactory }).ConfigureAwait(false);
        context.WriteResult(new ThawDocument(thawed), JsonText.Context.ThawDocument,
            text => text.Line(thawed switch { null => "The guest is thawed.", 0 => "Nothing was frozen.", _ => $"The guest is thawed: {thawed} file systems." }));
    }
}
