using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;
using QmpBackup.Model;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Observing;

/// <summary>What an observation is for.</summary>
internal enum ObservationScope
{
    /// <summary>Anything: all is asked.</summary>
    Everything,

    /// <summary>To tell the state: without the schema, and without the devices of the disks.</summary>
    Status,

    /// <summary>To close a backup, or to see whether it is still held: only what the backup itself is made of.</summary>
    Closing,
}

/// <summary>Asks QEMU for everything that the planners look at.</summary>
internal sealed class VmObserver
{
    private static readonly ConditionalWeakTable<IQmpClient, Identity> Identities = [];

    private readonly IQmpClient _client;
    private readonly TimeProvider _time;

    /// <summary>An observer of the VM at the other end of <paramref name="client"/>.</summary>
    /// <param name="client">The connection.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    public VmObserver(IQmpClient client, TimeProvider? timeProvider = null) =>
        (_client, _time) = (client, timeProvider ?? TimeProvider.System);

    /// <summary>
    /// The note of a backup that this process has opened itself. Its paths and names are known, and not taken from what QEMU tells of them.
    /// </summary>
    internal SessionNote? Own { get; init; }

    /// <summary>The directories in which scratch folders may be, besides those of the VM's images.</summary>
    internal IReadOnlyCollection<string> ScratchDirectories { get; init; } = [];

    /// <summary>Scratch folders of this VM that were seen before: after a restart QEMU does not name them any more.</summary>
    internal IReadOnlyCollection<string> ScratchFolders { get; init; } = [];

    /// <summary>Looks for scratch folders. One for all observations remembers which directory does not answer.</summary>
    internal ScratchFolderFinder Finder { get; init; } = new();

    /// <summary>What the observation is for: only what that needs is asked.</summary>
    internal ObservationScope Scope { get; init; }

    /// <summary>Where it is kept what a QEMU can do; null for nowhere.</summary>
    internal FeatureCache? Cache { get; init; }

    /// <summary>Observes the VM. Changes nothing.</summary>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="QmpException">QEMU did not answer, or not as it should.</exception>
    /// <exception cref="BackupException">
    /// A QEMU before 8.0 goes on creating an image, and could crash if it were asked now (<see cref="BackupErrorCode.Busy"/>).
    /// </exception>
    public async Task<VmState> ObserveAsync(CancellationToken cancellationToken = default)
    {
        var features = await FeatureReader.ReadAsync(
            _client, Cache, commandsOnly: Scope == ObservationScope.Status, cancellationToken).ConfigureAwait(false);
        // A storage daemon has nothing to run. It has query-block in some versions, and no devices.
        var isVm = features.Has("query-status");
        var devices = features.Has("query-block")
            ? await _client.QueryBlockAsync(cancellationToken: cancellationToken).ConfigureAwait(false) : [];
        var before = await UnsafeNodeQuery.AwaitSafetyAsync(_client, _time, cancellationToken).ConfigureAwait(false);
        var named = await _client.QueryNamedBlockNodesAsync(flat: true, cancellationToken).ConfigureAwait(false);
        var jobs = before ?? await _client.QueryJobsAsync(cancellationToken).ConfigureAwait(false);
        var exports = await _client.QueryBlockExportsAsync(cancellationToken).ConfigureAwait(false);
        var graph = await ReadGraphAsync(features, named, cancellationToken).ConfigureAwait(false);
        // Names are unique in QEMU, but a hostile QEMU may repeat them.
        ImmutableArray<BlockNode> nodes = [.. named.Where(n => n.NodeName is not null).Select(ToNode).DistinctBy(n => n.Name)];
        var process = ProcessReader.Read(_client.PeerCredentials);
        // Before the note: a start places its note before it makes its folder, so a folder that is seen here without a note is not one that
        // is being made.
        var (folders, silent) = await Finder.FindAsync(process, nodes, ScratchDirectories, ScratchFolders, _time, cancellationToken)
            .ConfigureAwait(false);
        var (hasNote, note) = await ReadNoteAsync(cancellationToken).ConfigureAwait(false);
        if (note?.Checkpoint == Own?.Checkpoint && note is not null)
            note = Own! with { Phase = note.Phase, KeepBitmap = note.KeepBitmap, ServerStarted = note.ServerStarted };

        // What an open backup can do to the guest depends on more than the names of the commands.
        if (hasNote && Scope == ObservationScope.Status)
            features = await FeatureReader.ReadAsync(_client, Cache, commandsOnly: false, cancellationToken).ConfigureAwait(false);
        var disks = DiskFinder.Find(isVm ? devices : null, nodes, graph, Exported(exports));
        // Which images the VM shares decides whose a left scratch folder is.
        if (Scope == ObservationScope.Everything || folders.Any(f => f.Path != note?.ScratchFolder))
            disks = await WithDevicesAsync(features, disks, cancellationToken).ConfigureAwait(false);
        var identity = await IdentifyAsync(features, cancellationToken).ConfigureAwait(false);
        var isClosing = Scope == ObservationScope.Closing;
        var version = _client.Greeting.Version.Qemu;
        var runState = isVm ? (await _client.QueryStatusAsync(cancellationToken).ConfigureAwait(false)).Status.Value : null;
        return new VmState
        {
            Version = new Version((int)version.Major, (int)version.Minor, (int)version.Micro),
            Features = features,
            Name = identity.Name,
            Uuid = identity.Uuid,
            RunState = runState,
            FailedNodes = [.. devices.Where(d => d.IOStatus is { Value: not "ok" }).Select(d => d.Inserted?.NodeName ?? "")],
            FailedWrites = !isClosing && features.Has("query-blockstats")
                ? await FailedWrites.ReadAsync(_client, cancellationToken).ConfigureAwait(false) : [],
            MigrationStatus = !isClosing && features.Has("query-migrate")
                ? await ReadMigrationAsync(cancellationToken).ConfigureAwait(false) : null,
            Disks = disks,
            UnseenDisks = isVm && !isClosing ? await UnseenDiskFinder.FindAsync(_client, cancellationToken).ConfigureAwait(false) : [],
            Nodes = nodes,
            Jobs = [.. jobs.Select(j => new VmJob(j.Id, j.Type.Value, j.Status.Value, j.Error))],
            Exports = [.. exports.Select(e => new VmExport(e.Id, e.Type.Value, e.NodeName))],
            HasNote = hasNote,
            Note = note,
            LeftMonitors = hasNote && features.MakesMonitors ? await ReadLeftMonitorsAsync(cancellationToken).ConfigureAwait(false) : [],
            Process = process,
            NbdServer = isVm || process is null ? null : NbdServerReader.Read(process),
            ScratchFolders = folders,
            SilentDirectories = silent,
            NbdSocketExists = process is null ? null : SocketExists(note),
        };
    }

    // Both are given on the command line, and cannot change while QEMU runs.
    private async Task<Identity> IdentifyAsync(QemuFeatures features, CancellationToken cancellationToken)
    {
        if (Identities.TryGetValue(_client, out var known))
            return known;
        var identity = new Identity(
            features.Has("query-name") ? (await _client.QueryNameAsync(cancellationToken).ConfigureAwait(false)).Name : null,
            features.Has("query-uuid") ? KnownUuid((await _client.QueryUuidAsync(cancellationToken).ConfigureAwait(false)).Uuid) : null);
        return Identities.GetValue(_client, _ => identity);
    }

    private sealed record Identity(string? Name, string? Uuid);

    private static HashSet<string> Exported(IEnumerable<BlockExportInfo> exports) =>
        [.. exports.Where(e => !SessionNames.IsOurs(e.Id)).Select(e => e.NodeName)];

    private async Task<BlockGraph> ReadGraphAsync(
        QemuFeatures features, IReadOnlyList<BlockDeviceInfo> named, CancellationToken cancellationToken)
    {
        // Since QEMU 10.1 the nodes tell their children themselves; before that only a debugging command does.
        if (named.Any(n => n.Children is not null) || !features.Has("x-debug-query-block-graph"))
        {
            return new BlockGraph(
                from parent in named
                where parent.NodeName is not null
                from child in parent.Children ?? []
                select (parent.NodeName, child.Child, child.NodeName));
        }

#pragma warning disable QAPI0001 // QEMU before 10.1 has nothing else.
        var graph = await _client.XDebugQueryBlockGraphAsync(cancellationToken).ConfigureAwait(false);
        var names = graph.Nodes.Where(n => n.Type == XDbgBlockGraphNodeType.BlockDriver).DistinctBy(n => n.Id)
            .ToDictionary(n => n.Id, n => n.Name);
        return new BlockGraph(
            from edge in graph.Edges
            where names.ContainsKey(edge.Parent) && names.ContainsKey(edge.Child)
            select (names[edge.Parent], edge.Name, names[edge.Child]));
#pragma warning restore QAPI0001
    }

    private async Task<string?> ReadMigrationAsync(CancellationToken cancellationToken)
    {
        var info = await _client.ExecuteAsync(QmpRequest.Raw("query-migrate"), cancellationToken).ConfigureAwait(false);
        return info.ValueKind == JsonValueKind.Object && info.TryGetProperty("status", out var status)
            && status.ValueKind == JsonValueKind.String ? status.GetString() : null;
    }

    // What only the properties of the guest's device tell. A storage daemon has no devices.
    private async Task<ImmutableArray<VmDisk>> WithDevicesAsync(
        QemuFeatures features, ImmutableArray<VmDisk> disks, CancellationToken cancellationToken)
    {
        if (!features.Has("query-iothreads"))
            return disks;
        var hasThreads = (await _client.QueryIOThreadsAsync(cancellationToken).ConfigureAwait(false)).Count > 0;
        var known = ImmutableArray.CreateBuilder<VmDisk>();
        foreach (var disk in disks)
        {
            var path = disk.QomPath ?? (disk.Device is { } id ? DiskFinder.PeripheralPath + id : null);
            var type = await TextAsync(path, "type", cancellationToken).ConfigureAwait(false);
            var shared = await PropertyAsync(path, "share-rw", cancellationToken).ConfigureAwait(false);
            known.Add(disk with
            {
                // A SCSI disk has no such property: its controller has, and QEMU does not show which one that is.
                MayUseIoThread = hasThreads && await TextAsync(path, "iothread", cancellationToken).ConfigureAwait(false) != "",
                IsShared = shared is { ValueKind: JsonValueKind.True },
                IsPassthrough = type is "scsi-block" or "scsi-generic",
                IsCdRom = type is "ide-cd" or "scsi-cd",
            });
        }

        return known.ToImmutable();
    }

    private async Task<string?> TextAsync(string? path, string property, CancellationToken cancellationToken) =>
        await PropertyAsync(path, property, cancellationToken).ConfigureAwait(false) is { ValueKind: JsonValueKind.String } text
            ? text.GetString() : null;

    private async Task<JsonElement?> PropertyAsync(string? path, string property, CancellationToken cancellationToken)
    {
        if (path is null)
            return null;
        try
        {
            return await _client.QomGetAsync(path, property, cancellationToken).ConfigureAwait(false);
        }
        catch (QmpCommandException)
        {
            return null;
        }
    }

    private async Task<(bool HasNote, SessionNote? Note)> ReadNoteAsync(CancellationToken cancellationToken)
    {
        try
        {
            // A storage daemon has no /objects before the first object: then this, too, is refused.
            var objects = await _client.QomListAsync("/objects", cancellationToken).ConfigureAwait(false);
            if (objects.All(o => o.Name != SessionNames.NoteObject))
                return (false, null);
        }
        catch (QmpCommandException)
        {
            return (false, null);
        }

        try
        {
            var text = await _client.QomGetAsync(
                "/objects/" + SessionNames.NoteObject, "identity", cancellationToken).ConfigureAwait(false);
            return (true, text.ValueKind == JsonValueKind.String ? SessionNote.TryParse(text.GetString()) : null);
        }
        catch (QmpCommandException)
        {
            // The object was just removed, or is of another kind: it counts as the mark, and its text does not.
            return (true, null);
        }
    }

    private async Task<ImmutableArray<string>> ReadLeftMonitorsAsync(CancellationToken cancellationToken)
    {
        var devices = await _client.ExecuteAsync(QmpRequest.Raw("query-chardev"), cancellationToken).ConfigureAwait(false);
        return devices.ValueKind != JsonValueKind.Array ? [] :
        [
            .. from device in devices.EnumerateArray()
               let id = Text(device, "label")
               where id is not null && SessionNames.IsMonitor(id)
                   && Text(device, "filename")?.StartsWith("disconnected:", StringComparison.Ordinal) == true
               select id,
        ];
    }

    private static string? Text(JsonElement item, string member) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;

    private static bool? SocketExists(SessionNote? note) =>
        note?.Nbd.SocketPath is { } path ? Path.Exists(path) : null;

    private static string? KnownUuid(string uuid) => Guid.TryParse(uuid, out var id) && id != Guid.Empty ? uuid : null;

    private static BlockNode ToNode(BlockDeviceInfo node) => new()
    {
        Name = node.NodeName!,
        Driver = node.Driver,
        IsReadOnly = node.ReadOnly,
        IsInactive = node.Active == false,
        Encryption = node.Driver == "luks" ? "luks"
            : Qcow2(node)?.Encrypt?.Format.Value ?? (node.Encrypted && node.Driver is "qcow" or "qcow2" ? "aes" : null),
        Size = node.Image?.VirtualSize ?? 0,
        AllocatedSize = node.Image?.ActualSize,
        FileName = node.File ?? "",
        Qcow2Compat = Qcow2(node)?.Compat,
        Bitmaps = [.. (node.DirtyBitmaps ?? []).Select(ToBitmap)],
    };

    private static DirtyBitmap ToBitmap(BlockDirtyInfo bitmap) => new()
    {
        Name = bitmap.Name,
        Granularity = bitmap.Granularity,
        Count = bitmap.Count,
        IsRecording = bitmap.Recording,
        IsBusy = bitmap.Busy,
        IsPersistent = bitmap.Persistent,
        IsInconsistent = bitmap.Inconsistent ?? false,
    };

    // What a qcow2 image tells of itself and no other kind does.
    private static ImageInfoSpecificQCow2? Qcow2(BlockDeviceInfo node) =>
        (node.Image?.FormatSpecific as ImageInfoSpecificQcow2Branch)?.Data;
}
