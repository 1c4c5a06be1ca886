using System.Globalization;
using System.Text.RegularExpressions;

namespace QmpBackup.Testing;

/// <summary>
/// A real qemu-system-x86_64. Its "guest" writes through the backend of its own devices, so that every filter of a backup sees
/// them, before and during it, without share-rw and without an operating system.
/// </summary>
public partial class QemuVm : QemuProcess
{
    private readonly QemuVmOptions _options;
    private readonly Dictionary<string, string> _backends = [];
    private readonly SemaphoreSlim _writing = new(1);

    private protected QemuVm(QemuVmOptions options, TestDirectory directory)
        : base(directory, options.Binaries ?? QemuBinaries.Host, options.Disks) => _options = options;

    /// <summary>Port of the TCP monitor on 127.0.0.1.</summary>
    public int TcpPort { get; private set; }

    private protected override string Program => Binaries.System;

    /// <summary>Starts a VM with one qcow2 disk "a".</summary>
    public static Task<QemuVm> StartAsync(CancellationToken cancellationToken = default) =>
        StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] }, cancellationToken);

    /// <summary>Makes the disks and starts a VM.</summary>
    public static async Task<QemuVm> StartAsync(QemuVmOptions options, CancellationToken cancellationToken = default)
    {
        var vm = new QemuVm(options, TestDirectory.Create());
        await vm.BeginAsync(cancellationToken);
        return vm;
    }

    /// <inheritdoc/>
    public override async Task WriteAllAsync(string disk, IReadOnlyList<GuestWrite> writes, CancellationToken cancellationToken = default)
    {
        if (!_backends.TryGetValue(disk, out var backend))
            throw new InvalidOperationException($"Disk {disk} has no guest device to write through.");
        await _writing.WaitAsync(cancellationToken);
        try
        {
            // qemu-io prints its result on QEMU's stdout; the answer of the monitor is empty unless the device is not found.
            var from = Process.Stdout.Count;
            var lines = writes.SelectMany(write => write.IsAdvice ? new[] { write.Command, write.Check } : [write.Command])
                .Select(command => ("human-monitor-command", (string?)$$"""{"command-line":{{QmpMonitor.Quote($"qemu-io -d {backend} \"{command}\"")}}}"""));
            foreach (var answer in await Monitor.ExecuteAllAsync(lines, cancellationToken))
            {
                if (answer.GetString() is { Length: > 0 } text)
                    throw new GuestIoException($"{disk}: {text.Trim()}");
            }

            foreach (var write in writes)
                from = await CheckAsync(disk, write, from, cancellationToken) + 1;
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Reads through the guest's device and says whether the range holds this byte value alone.</summary>
    public async Task<bool> HoldsAsync(string disk, long offset, byte pattern, long length, CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            var from = Process.Stdout.Count;
            var text = await Monitor.HumanAsync(
                string.Create(CultureInfo.InvariantCulture, $"qemu-io -d {_backends[disk]} \"read -P {pattern} {offset} {length}\""), cancellationToken);
            if (text.Length > 0)
                throw new GuestIoException($"{disk}: {text.Trim()}");
            return (await ReadResultAsync(disk, from, cancellationToken)).Holds;
        }
        finally
        {
            _writing.Release();
        }
    }

    private protected async Task BeginAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CreateDisksAsync();
            await StartProcessAsync(cancellationToken);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    private protected override List<string> Arguments(string testMonitor) => QemuCommandLine.ForVm(_options, Directory, testMonitor);

    private protected override async Task StartedAsync(CancellationToken cancellationToken)
    {
        _backends.Clear();
        var blocks = await Monitor.ExecuteAsync("query-block", null, cancellationToken);
        foreach (var disk in Disks.Where(one => one.Attached))
        {
            // The path of a device without id is only known here, before a backup changes what query-block says of it.
            var device = blocks.EnumerateArray().First(block =>
                block.GetProperty("device").GetString() is { Length: > 0 } drive
                    ? drive == disk.DriveId
                    : block.GetProperty("inserted").GetProperty("node-name").GetString() is { } node
                      && (node == disk.Node || node == disk.Name + "-throttle"));
            _backends[disk.Name] = device.GetProperty("qdev").GetString() is { } path && path.StartsWith('/')
                ? path
                : $"/machine/peripheral/{disk.DeviceId}/virtio-backend";
        }

        if (!_options.TcpMonitor)
            return;
        var chardevs = await Monitor.ExecuteAsync("query-chardev", null, cancellationToken);
        var tcp = chardevs.EnumerateArray().First(one => one.GetProperty("label").GetString() == "montcp").GetProperty("filename").GetString()!;
        TcpPort = int.Parse(PortPattern().Match(tcp).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private async Task<int> CheckAsync(string disk, GuestWrite write, int from, CancellationToken cancellationToken)
    {
        var (index, line) = await Process.Stdout.WaitForAsync(one => ResultPattern().IsMatch(one), from, cancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(10), cancellationToken);
        var expected = string.Create(CultureInfo.InvariantCulture, $"{write.Verb} {write.Length}/{write.Length} bytes at offset {write.Offset}");
        if (line != expected)
            throw new GuestIoException($"{disk}: {write.Command}: {line}");
        var holds = true;
        if (write.IsAdvice)
            (index, holds) = await ReadResultAsync(disk, index + 1, cancellationToken);
        if (holds)
            Remember(disk, write);
        return index;
    }

    private async Task<(int Index, bool Holds)> ReadResultAsync(string disk, int from, CancellationToken cancellationToken)
    {
        var holds = true;
        while (true)
        {
            var (index, line) = await Process.Stdout.WaitForAsync(one => ReadPattern().IsMatch(one), from, cancellationToken)
                .WaitAsync(TimeSpan.FromSeconds(10), cancellationToken);
            if (line.Contains("failed:", StringComparison.Ordinal))
                throw new GuestIoException($"{disk}: {line}");

            // A failed verification is followed by the data that was read.
            if (line.StartsWith("read ", StringComparison.Ordinal))
                return (index, holds);
            holds = false;
            from = index + 1;
        }
    }

    [GeneratedRegex(@"^(wrote|discard) \d+/\d+ bytes at offset |^[a-z ]+ failed: |^Invalid |^offset |^length |too large")]
    private static partial Regex ResultPattern();

    [GeneratedRegex(@"^read \d+/\d+ bytes at offset |^Pattern verification failed|^read failed: ")]
    private static partial Regex ReadPattern();

    [GeneratedRegex(@":(\d+),server")]
    private static partial Regex PortPattern();
}
