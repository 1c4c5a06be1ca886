using System.Text;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Agent;

namespace QmpBackup.Samples.Qmp;

/// <summary>Runs a program in the guest, through the guest agent.</summary>
internal static class GuestExecSample
{
    public static async Task<int> RunAsync(string endpoint, string program, string[] words, CancellationToken cancellationToken)
    {
        // The agent answers when the guest has booted that far.
        var options = new GuestAgentOptions { SyncTimeout = TimeSpan.FromSeconds(60) };
        await using var agent = await GuestAgentClient.ConnectAsync(QmpEndpoint.Parse(endpoint), options, cancellationToken);
        var started = await agent.GuestExecAsync(
            new GuestExecArguments { Path = program, Arg = words, CaptureOutput = GuestExecCaptureOutput.Of(true) }, cancellationToken);

        // The agent has no events: ask until the program has ended.
        GuestExecStatus status;
        while (!(status = await agent.GuestExecStatusAsync(started.Pid, cancellationToken)).Exited)
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);

        // The guest is not trusted: a real program would escape this text before it reaches a terminal.
        Console.Write(Encoding.UTF8.GetString((status.OutData ?? default).Span));
        Console.Error.Write(Encoding.UTF8.GetString((status.ErrData ?? default).Span));
        return (int)(status.ExitCode ?? 128 + status.Signal ?? 1);
    }
}
