using System.Collections.Immutable;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;
using QmpBackup.Qmp;

namespace QmpBackup.Cli.Options;

/// <summary>Whether and how the guest is frozen.</summary>
internal static class AgentOptions
{
    private const string Variable = "QBACKUP_AGENT";

    public static readonly Option<QmpEndpoint?> Agent = Parsed.Of<QmpEndpoint>("--agent",
        $"The guest agent's socket: unix:/path, /path or tcp:host:port (env {Variable}).", "ENDPOINT", Read);

    public static readonly Option<FreezeMode?> Freeze = Choice.Of("--freeze",
        "auto: freeze if the agent can, else go on without and say so; the default where --agent is given. require: no backup without.",
        ("auto", FreezeMode.Auto), ("require", FreezeMode.Require), ("never", FreezeMode.Never));

    public static readonly Option<TimeSpan?> Timeout = new("--freeze-timeout")
    {
        Description = $"How long the agent may take to freeze; default {FreezeRequest.DefaultTimeout.TotalSeconds:0}.",
        HelpName = "SECONDS",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result =>
        {
            if (double.TryParse(result.Tokens[^1].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and <= 3600)
                return TimeSpan.FromSeconds(seconds);
            result.AddError($"--freeze-timeout: '{result.Tokens[^1].Value}' is no number of seconds between 0 and 3600.");
            return null;
        },
    };

    public static readonly Option<string[]?> Mountpoint = new("--freeze-mountpoint")
    {
        Description = "Freeze only this file system, by its mount point in the guest; may be repeated.",
        HelpName = "PATH",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    public static void AddTo(Command command)
    {
        foreach (var option in (Option[])[Agent, Freeze, Timeout, Mountpoint])
            command.Options.Add(option);
    }

    /// <summary>How to freeze; null for not at all.</summary>
    /// <exception cref="UsageException">A freeze is required, and no agent is named.</exception>
    public static FreezeRequest? Bind(CommandContext context)
    {
        var mode = context.Arguments.GetValue(Freeze) ?? FreezeMode.Auto;
        if (mode == FreezeMode.Never)
            return null;
        if (FindAgent(context) is null)
        {
            return mode == FreezeMode.Require
                ? throw new UsageException("A freeze is required, and no guest agent is named.", $"Name its socket with --agent unix:/path, or in the environment variable {Variable}.")
                : null;
        }

        return new FreezeRequest
        {
            Mode = mode,
            Timeout = context.Arguments.GetValue(Timeout) ?? FreezeRequest.DefaultTimeout,
            Mountpoints = [.. context.Arguments.GetValue(Mountpoint) ?? []],
        };
    }

    /// <exception cref="UsageException">No agent was named.</exception>
    public static QmpEndpoint RequireAgent(CommandContext context) => FindAgent(context)
        ?? throw new UsageException("No guest agent was named.", $"Name its socket with --agent unix:/path, or in the environment variable {Variable}.");

    /// <summary>What freezes: a process of its own, which thaws should this one be killed.</summary>
    public static Func<IGuestFreezer>? Freezer(CommandContext context)
    {
        if (FindAgent(context) is not { } agent || Bind(context) is not { } request)
            return null;
        return () => new GuardedFreezer(Guard(agent, request), () => AgentFreezer.ThawAsync(agent, new GuestAgentOptions { LoggerFactory = context.LoggerFactory }));
    }

    /// <summary>What is to be remarked of a freeze that was asked for and did not come about.</summary>
    public static ImmutableArray<string> Remarks(string? obstacle) =>
        obstacle is null ? [] : [$"The guest is not frozen, and the point in time is what a power cut would leave: {obstacle}"];

    private static ProcessStartInfo Guard(QmpEndpoint agent, FreezeRequest request)
    {
        var self = Environment.ProcessPath ?? throw new InvalidOperationException("This process does not know its own path.");
        var guard = new ProcessStartInfo(self);
        if (GuardProcess.Library(self, AppContext.BaseDirectory) is { } library)
            guard.ArgumentList.Add(library);
        foreach (var argument in (ImmutableArray<string>)[GuardProcess.Word, agent.ToString(), request.Timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture), .. request.Mountpoints])
            guard.ArgumentList.Add(argument);
        return guard;
    }

    private static QmpEndpoint? FindAgent(CommandContext context)
    {
        if (context.Arguments.GetValue(Agent) is { } given)
            return given;
        if (context.Environment(Variable) is not { } text)
            return null;
        return Read(text, out var endpoint) is { } error ? throw new UsageException($"{Variable}: {error}") : endpoint;
    }

    private static string? Read(string text, out QmpEndpoint? endpoint) => QmpEndpoint.TryParse(text, out endpoint, out var error) ? null : error;
}
