using System.Diagnostics;
using System.Net.Sockets;

namespace QmpBackup.Benchmarks;

/// <summary>A qemu-nbd or nbdkit on a unix socket.</summary>
internal sealed class NbdServerProcess : IDisposable
{
    private readonly Process _process;

    private NbdServerProcess(Process process) => _process = process;

    internal TimeSpan ProcessorTime => _process.TotalProcessorTime;

    internal static NbdServerProcess Start(string program, string socket, params string[] arguments)
    {
        var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })
            ?? throw new InvalidOperationException($"{program} did not start.");
        var server = new NbdServerProcess(process);
        var patience = Stopwatch.StartNew();
        while (true)
        {
            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                probe.Connect(new UnixDomainSocketEndPoint(socket));
                return server;
            }
            catch (SocketException) when (patience.Elapsed < TimeSpan.FromSeconds(10) && !process.HasExited)
            {
                Thread.Yield();
            }
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
