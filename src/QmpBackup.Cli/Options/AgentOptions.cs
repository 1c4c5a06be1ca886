using System.Collections.Immutable;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;
using QmpBackup.Qmp;

namespace QmpBackup.Cli.Options;

/// <summary>The guest agent, and whether and how it freezes the guest.</summary>
internal static class AgentOptions
{
    public static readonly EndpointSetting Agent = new("--agent", "QBACKUP_AGENT", "The guest agent's socket");

    public static readonly Option<FreezeMode?> Freeze = TypedOption.Choice("--freeze",
        "auto: freeze if the agent can; if not, continue and say so. This is the default where --agent is given. require: no backup "
            + "without a freeze.",
        ("auto", FreezeMode.Auto), ("require", FreezeMode.Require), ("never", FreezeMode.Never));

    public static readonly Option<TimeSpan?> Timeout = TypedOption.Seconds("--freeze-timeout",
        $"How long the agent may take to freeze; default {FreezeRequest.DefaultTimeout.TotalSeconds:0}.");

    public static readonly Option<string[]?> Mountpoint = new("--freeze-mountpoint")
    {
        Description = "Freeze only this file system, named by its mount point in the guest. May be repeated.",
        HelpName = "PATH",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    private static readonly string NameAgent = $"Name its socket with --agent unix:/path, or in the environment variable {Agent.Variable}.";

    public static void AddTo(Command command)
    {
        foreach (var option in (Option[])[Agent.Option, Freeze, Timeout, Mountpoint])
            command.Options.Add(option);
    }

    /// <summary>How to freeze; null for not at all.</summary>
    /// <exception cref="UsageException">A freeze is required, and no agent is named.</exception>
    public static FreezeRequest? Bind(CommandContext context)
    {
        var mode = context.Arguments.GetValue(Freeze) ?? FreezeMode.Auto;
        if (mode == FreezeMode.Never)
            return null;
        if (Agent.Find(context) is null)
        {
            return mode == FreezeMode.Require ? throw new UsageException("A freeze is required, and no guest agent is named.", NameAgent)
                : null;
        }

        return new FreezeRequest
        {
            Mode = mode,
            Timeout = context.Arguments.GetValue(Timeout) ?? FreezeRequest.DefaultTimeout,
            Mountpoints = [.. context.Arguments.GetValue(Mountpoint) ?? []],
        };
    }

    /// <exception cref="UsageException">No agent is named.</exception>
    public static QmpEndpoint RequireAgent(CommandContext context) =>
        Agent.Find(context) ?? throw new UsageException("No guest agent is named.", NameAgent);

    /// <summary>What freezes: a separate process, which thaws if this process is killed.</summary>
    public static Func<IGuestFreezer>? Freezer(CommandContext context)
    {
        if (Agent.Find(context) is not { } agent || Bind(context) is not { } request)
            return null;
        return () => new GuardedFreezer(
            Guard(agent, request), () => AgentFreezer.ThawAsync(agent, new GuestAgentOptions { LoggerFactory = context.LoggerFactory }));
    }

    /// <summary>The remarks about a freeze that did not happen, and about a thaw that was not confirmed.</summary>
    /// <param name="obstacle">Why the guest was not frozen; null if it was, or if the log has said it already.</param>
    /// <param name="remedy">What to do about that.</param>
    /// <param name="thawProblem">Why the guest may still be frozen.</param>
    public static IEnumerable<string> Remarks(string? obstacle, Advice? remedy, Advice? thawProblem)
    {
        List<string> freeze = [];
        if (obstacle is not null)
            freeze.Add($"The guest is not frozen, and the point in time is what a power cut would leave: {obstacle}");
        if (remedy is not null)
            freeze.Add(AdviceText.Of(remedy));
        if (freeze.Count > 0)
            yield return string.Join(' ', freeze);
        if (thawProblem is not null)
            yield return AdviceText.Of(thawProblem);
    }

    private static ProcessStartInfo Guard(QmpEndpoint agent, FreezeRequest request)
    {
        var self = Environment.ProcessPath ?? throw new InvalidOperationException("This process does not know its own path.");
        var seconds = request.Timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        var guard = new ProcessStartInfo(self);
        if (GuardProcess.Library(self, AppContext.BaseDirectory) is { } library)
            guard.ArgumentList.Add(library);
        foreach (var argument in (ImmutableArray<string>)[GuardProcess.Word, agent.ToString(), seconds, .. request.Mountpoints])
            guard.ArgumentList.Add(argument);
        return guard;
    }
}
