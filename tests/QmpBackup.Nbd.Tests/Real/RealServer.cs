using System.Diagnostics;
using System.Text;

namespace QmpBackup.Nbd.Tests.Real;

/// <summary>A real NBD server on a unix socket in its own directory.</summary>
internal sealed class RealServer : IAsyncDisposable
{
    private readonly StringBuilder _messages = new();
    private Process? _process;

    internal string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("nbd-real-").FullName;

    internal string Socket => Path.Combine(Directory, "s");

    internal NbdUri Uri => new(NbdEndpoint.Unix(Socket));

    internal string File(string name) => Path.Combine(Directory, name);

    internal static async Task<RealServer> NbdkitAsync(params string[] arguments)
    {
        var server = new RealServer();
        await server.StartAsync("nbdkit", ["-f", "-U", server.Socket, .. arguments]);
        return server;
    }

    internal async Task StartAsync(string program, params string[] arguments)
    {
        var pidFile = File("pid");
        string[] wait = program == "nbdkit" ? ["-P", pidFile] : [$"--pid{(program == "qemu-nbd" ? "-" : "")}file={pidFile}"];
        _process = Tool.Start(program, [.. wait, .. arguments]);
        _process.ErrorDataReceived += (_, e) => _messages.AppendLine(e.Data);
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        // Every server writes it when it listens.
        while (!System.IO.File.Exists(pidFile) || !System.IO.File.Exists(Socket))
        {
            if (_process.HasExited)
                throw new InvalidOperationException($"{program} ended: {_messages}");
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }
    }

    internal async Task StopAsync()
    {
        if (_process is null)
            return;
        if (!_process.HasExited)
        {
            using var kill = Tool.Start("kill", "-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            _process.Kill();
        if (_process is not null)
            await _process.WaitForExitAsync(CancellationToken.None);
        _process?.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
