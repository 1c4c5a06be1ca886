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
        var command = new CliCommand("thaw", "Thaw a guest that was left frozen. You can repeat it, also when nothing is frozen.")
        {
            Remarks = "It retries for up to a minute, until the guest agent says that the guest is thawed.",
            Examples = [("qbackup thaw --agent unix:/run/vm1.qga", "Whatever froze it:")],
        };
        command.Options.Add(AgentOptions.Agent.Option);
        command.Runs(RunAsync);
        return command;
    }

    private static async Task RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var agent = AgentOptions.RequireAgent(context);
        var thawed = await AgentFreezer.ThawAsync(agent, new GuestAgentOptions { LoggerFactory = context.LoggerFactory })
            .ConfigureAwait(false);
        var message = thawed switch
        {
            null => "The guest is thawed.",
            0 => "Nothing was frozen.",
            _ => $"The guest is thawed: {thawed} file systems.",
        };
        context.WriteResult(new ThawDocument(thawed), JsonText.Context.ThawDocument, text => text.Line(message));
    }
}
