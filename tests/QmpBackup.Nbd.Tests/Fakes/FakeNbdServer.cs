using System.Net.Sockets;

namespace QmpBackup.Nbd.Tests.Fakes;

/// <summary>A server on a unix socket that runs a script of the test for one connection after another.</summary>
internal sealed class FakeNbdServer : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("nbd-fake-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _task;

    internal FakeNbdServer(Func<FakeSession, Task> script)
    {
        var path = Path.Combine(_directory, "s");
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        Uri = new NbdUri(NbdEndpoint.Unix(path), "export");
        _task = Task.Run(() => AcceptAsync(script));
    }

    internal NbdUri Uri { get; }

    /// <summary>A server that performs a correct handshake and then runs the script.</summary>
    internal static FakeNbdServer After(FakeExport export, Func<FakeSession, Task> script) => new(async session =>
    {
        await session.HandshakeAsync(export);
        await script(session);
    });

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _task;
        _stop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task AcceptAsync(Func<FakeSession, Task> script)
    {
        try
        {
            while (true)
            {
                using var socket = await _listener.AcceptAsync(_stop.Token);
                await using var stream = new NetworkStream(socket);
                try
                {
                    await script(new FakeSession(stream, _stop.Token));
                }
                catch (Exception e) when (e is IOException or EndOfStreamException)
                {
                    // The client closed the connection, as many tests expect.
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test has ended.
        }
    }
}
