namespace QmpBackup.Testing;

/// <summary>A qemu-storage-daemon with the surface of <see cref="QemuVm"/>; its "guest" is a writable NBD export added at start.</summary>
public sealed class StorageDaemon : QemuProcess
{
    private readonly StorageDaemonOptions _options;

    private StorageDaemon(StorageDaemonOptions options, TestDirectory directory)
        : base(directory, options.Binaries ?? QemuBinaries.Host, options.Disks) => _options = options;

    private protected override string Program => Binaries.StorageDaemon;

    /// <summary>Makes the disks and starts the daemon.</summary>
    public static async Task<StorageDaemon> StartAsync(StorageDaemonOptions options, CancellationToken cancellationToken = default)
    {
        var daemon = new StorageDaemon(options, TestDirectory.Create());
        try
        {
            await daemon.CreateDisksAsync();
            await daemon.StartProcessAsync(cancellationToken);
            return daemon;
        }
        catch
        {
            await daemon.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where the guest's writable export of a disk is.</summary>
    public string GuestUri(string disk) => $"nbd+unix:///guest-{disk}?socket={Directory.File("guest")}";

    /// <inheritdoc/>
    public override async Task WriteAllAsync(string disk, IReadOnlyList<GuestWrite> writes, CancellationToken cancellationToken = default)
    {
        if (!_options.GuestExports)
            throw new InvalidOperationException("This daemon was started without exports for a guest.");
        // Read what a discard left before anything else is written.
        var rest = writes.AsEnumerable();
        while (rest.Any())
        {
            var plain = rest.TakeWhile(write => !write.IsAdvice).ToList();
            var some = plain.Count > 0 ? plain : [rest.First()];
            await RunAsync(disk, some, cancellationToken);
            rest = rest.Skip(some.Count);
        }
    }

    private async Task RunAsync(string disk, List<GuestWrite> writes, CancellationToken cancellationToken)
    {
        var result = await IoAsync(disk, writes.Select(write => write.Command), cancellationToken);
        var answers = result.Stdout.Split('\n').Where(line => line.Contains(" bytes at offset ", StringComparison.Ordinal)).ToList();
        if (result.ExitCode != 0 || answers.Count != writes.Count)
            throw new GuestIoException($"{disk}: {result}");
        for (var i = 0; i < writes.Count; i++)
        {
            var write = writes[i];
            if (answers[i] != FormattableString.Invariant($"{write.Verb} {write.Length}/{write.Length} bytes at offset {write.Offset}"))
                throw new GuestIoException($"{disk}: {write.Command}: {answers[i]}");
            if (!write.IsAdvice || (await IoAsync(disk, [write.Check], cancellationToken)).ExitCode == 0)
                Remember(disk, write);
        }
    }

    private Task<CommandResult> IoAsync(string disk, IEnumerable<string> commands, CancellationToken cancellationToken) =>
        CommandRunner.RunAsync(
            Binaries.Io, ["-f", "raw", "-d", "unmap", .. commands.SelectMany(command => new[] { "-c", command }), GuestUri(disk)], null, cancellationToken);

    private protected override List<string> Arguments(string testMonitor) => QemuCommandLine.ForStorageDaemon(_options, Directory, testMonitor);
}
