using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Encodings.Web;
using System.Text.Json;
using QmpBackup.Host;
using QmpBackup.Nbd;

namespace QmpBackup.Transfer;

/// <summary>
/// An image served by <c>qemu-nbd</c> on a socket that only this user can open, and a client of it. The server ends with the client's last
/// connection, and with this process: if that is killed, only a closed image is left.
/// </summary>
internal sealed class QemuNbdServer : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(60);
    private const int FirstSignal = 128;
    private const string Locked = "Is another process using the image";
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    private readonly Process _process;
    private readonly Task<string> _stderr;

    private QemuNbdServer(Process process, Task<string> stderr, NbdClient client)
    {
        (_process, _stderr) = (process, stderr);
        Client = client;
    }

    /// <summary>The client.</summary>
    public NbdClient Client { get; }

    /// <summary>Serves an image for reading, backing files included.</summary>
    /// <param name="tools">The programs.</param>
    /// <param name="path">An absolute path.</param>
    /// <param name="options">The client's options; more than one connection and metadata contexts are fine.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">
    /// The image cannot be served. The inner exception is an <see cref="ImageRefusedException"/> if qemu-nbd started and refused the image.
    /// </exception>
    public static Task<QemuNbdServer> ReadAsync(
        QemuTools tools, string path, NbdClientOptions options, CancellationToken cancellationToken) => ServeAsync(
        tools, path, alone: false, linked =>
            ["--read-only", "--allocation-depth", "--format=qcow2", "--cache=writeback", linked], options, cancellationToken);

    /// <summary>Serves for reading what an image itself holds. Its backing file is not opened, and reads as zeroes.</summary>
    /// <inheritdoc cref="ReadAsync" path="/param"/>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    /// <param name="tools">The programs.</param>
    /// <param name="path">An absolute path.</param>
    /// <param name="options">The client's options.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static Task<QemuNbdServer> ReadAloneAsync(
        QemuTools tools, string path, NbdClientOptions options, CancellationToken cancellationToken) => ServeAsync(
        tools, path, alone: true, linked =>
        [
            "--read-only", "--allocation-depth", "--cache=writeback",
            $$$"""json:{"driver":"qcow2","backing":null,"file":{"driver":"file","filename":"{{{Escape(linked)}}}"}}""",
        ], options, cancellationToken);

    private static JsonEncodedText Escape(string text) => JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);

    /// <summary>Serves an image for writing.</summary>
    /// <inheritdoc cref="ReadAsync" path="/param"/>
    /// <param name="tools">The programs.</param>
    /// <param name="path">An absolute path.</param>
    /// <param name="format">The image's format.</param>
    /// <param name="compressed">Whether to compress what is written.</param>
    /// <param name="options">The client's options.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static Task<QemuNbdServer> WriteAsync(
        QemuTools tools, string path, string format, bool compressed, NbdClientOptions options, CancellationToken cancellationToken)
    {
        // The page cache takes the writes, and one flush at the end makes them safe. This process finds zeroes already, when it computes
        // hashes.
        List<string> Arguments(string path) => compressed
            ? ["--cache=writeback", "--image-opts", $"driver=compress,file.driver={format},file.discard=unmap,file.file.driver=file,"
                + $"file.file.filename={path.Replace(",", ",,", StringComparison.Ordinal)}"]
            : ["--cache=writeback", "--discard=unmap", "--detect-zeroes=off", "--format=" + format, path];
        return format == "qcow2" ? ServeAsync(tools, path, alone: false, Arguments, options, cancellationToken)
            : StartRawAsync(tools, Arguments(path), options, cancellationToken);
    }

    /// <summary>Disconnects, and waits until the server has closed the image.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="BackupException">The server ended with an error, or not in time.</exception>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        await Client.DisconnectAsync(cancellationToken).ConfigureAwait(false);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(EndTimeout);
        try
        {
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BackupException(BackupErrorCode.Storage, "qemu-nbd did not close the image in time.");
        }

        if (_process.ExitCode != 0)
            throw new BackupException(BackupErrorCode.Storage, $"qemu-nbd ended with an error: {await _stderr.ConfigureAwait(false)}.");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync().ConfigureAwait(false);
        await EndAsync(_process, TimeSpan.FromSeconds(5)).ConfigureAwait(false);
    }

    private static async Task<QemuNbdServer> ServeAsync(
        QemuTools tools, string path, bool alone, Func<string, IReadOnlyList<string>> arguments, NbdClientOptions options,
        CancellationToken cancellationToken)
    {
        var begin = options.TimeProvider.GetTimestamp();
        while (true)
        {
            using var chain = ImageChain.Open(path, alone);
            using var folder = PrivateFolder.Make();
            try
            {
                return await StartAsync(
                    tools, chain, folder, arguments(chain.LinkInto(folder.Path)), options, cancellationToken).ConfigureAwait(false);
            }
            // A server of an earlier qbackup that was killed is about to end.
            catch (BackupException e) when (
                e.InnerException is ImageRefusedException { Message: var message } && message.Contains(Locked, StringComparison.Ordinal)
                && options.TimeProvider.GetElapsedTime(begin) < LockTimeout)
            {
                await Task.Delay(LockPause, options.TimeProvider, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static async Task<QemuNbdServer> StartRawAsync(
        QemuTools tools, IReadOnlyList<string> arguments, NbdClientOptions options, CancellationToken cancellationToken)
    {
        using var folder = PrivateFolder.Make();
        return await StartAsync(tools, null, folder, arguments, options, cancellationToken).ConfigureAwait(false);
    }

    // The folder is removed when this returns: all files are open and all connections made by then, so a process that is killed later
    // leaves nothing behind.
    private static async Task<QemuNbdServer> StartAsync(
        QemuTools tools, ImageChain? chain, PrivateFolder folder, IReadOnlyList<string> arguments, NbdClientOptions options,
        CancellationToken cancellationToken)
    {
        var socket = Path.Combine(folder.Path, "s");
        Process? process = null;
        NbdClient? client = null;
        try
        {
            process = QemuTools.Start(tools.QemuNbd, ["--socket=" + socket, "--shared=16", .. arguments]);
            process.StandardInput.Close();
            var stderr = ProcessText.ReadAsync(process.StandardError);
            _ = ProcessText.ReadAsync(process.StandardOutput);
            client = await ConnectAsync(process, stderr, socket, options, cancellationToken).ConfigureAwait(false);
            if (chain is not null)
                await chain.RequireNothingElseAsync(process, written: null, options.TimeProvider, cancellationToken).ConfigureAwait(false);
            return new QemuNbdServer(process, stderr, client);
        }
        catch
        {
            if (client is not null)
                await client.DisposeAsync().ConfigureAwait(false);
            if (process is not null)
                await EndAsync(process, TimeSpan.Zero).ConfigureAwait(false);
            throw;
        }
    }

    private static async Task<NbdClient> ConnectAsync(
        Process process, Task<string> stderr, string socket, NbdClientOptions options, CancellationToken cancellationToken)
    {
        var uri = new NbdUri(NbdEndpoint.Unix(socket));
        var begin = options.TimeProvider.GetTimestamp();
        while (true)
        {
            try
            {
                return await NbdClient.ConnectAsync(uri, options, cancellationToken).ConfigureAwait(false);
            }
            // A connection that only tests the server would be its last one and end it. So the real connection is tried until it succeeds.
            catch (NbdConnectException e) when (IsNotListening(e))
            {
                if (process.HasExited)
                    throw await EndedAsync(process, stderr, e).ConfigureAwait(false);
                if (options.TimeProvider.GetElapsedTime(begin) > StartTimeout)
                    throw new BackupException(BackupErrorCode.TimedOut, "qemu-nbd did not start in time.", null, e);
                await Task.Delay(Pause, options.TimeProvider, cancellationToken).ConfigureAwait(false);
            }
            // The server listens before it opens the image. If it cannot open the image, it closes the connection.
            catch (NbdException e)
            {
                await ((Task)process.WaitForExitAsync(cancellationToken)).WaitAsync(
                    ExitTimeout, options.TimeProvider, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellationToken.ThrowIfCancellationRequested();
                throw process.HasExited ? await EndedAsync(process, stderr, e).ConfigureAwait(false)
                    : new BackupException(
                        BackupErrorCode.Storage, $"qemu-nbd does not serve the image: {e.Message.TrimEnd('.')}.", null, e);
            }
        }
    }

    private static async Task<BackupException> EndedAsync(Process process, Task<string> stderr, NbdException e)
    {
        var message = await stderr.ConfigureAwait(false);
        // A server that was killed says nothing about the image.
        return process.ExitCode is > 0 and < FirstSignal
            ? new BackupException(
                BackupErrorCode.Storage, $"qemu-nbd cannot serve the image: {message}.", null, new ImageRefusedException(message))
            : new BackupException(
                BackupErrorCode.Storage, $"qemu-nbd ended with code {process.ExitCode}{(message.Length > 0 ? ": " + message : "")}.",
                "Find out what stops it, for example a lack of memory.", e);
    }

    private static bool IsNotListening(NbdConnectException failure) =>
        failure.Reason is NbdConnectFailure.NotFound or NbdConnectFailure.Refused
        // .NET reports ENOENT like this if the socket appears while the error is examined.
        || failure.InnerException is SocketException { SocketErrorCode: SocketError.AddressNotAvailable };

    private static async Task EndAsync(Process process, TimeSpan timeout)
    {
        using (process)
        {
            using var limit = new CancellationTokenSource(timeout);
            try
            {
                await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
    }
}

/// <summary>The message of qemu-nbd when it refused to open an image.</summary>
internal sealed class ImageRefusedException(string message) : Exception(message);
