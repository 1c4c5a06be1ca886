using System.Collections.Immutable;
using System.Text.Json;
using QmpBackup.Model;
using QmpBackup.Nbd;
using QmpBackup.Qmp;

namespace QmpBackup;

/// <summary>An immutable picture of a VM, as it was when it was observed: all that the planners look at.</summary>
public sealed record VmState
{
    /// <summary>QEMU's version as <c>major.minor.micro</c>.</summary>
    public required Version Version { get; init; }

    /// <summary>What this QEMU can do.</summary>
    internal QemuFeatures Features { get; init; } = new();

    /// <summary>The VM's name (<c>-name</c>); null where it has none.</summary>
    public string? Name { get; init; }

    /// <summary>The VM's UUID; null where it has none.</summary>
    public string? Uuid { get; init; }

    /// <summary>QAPI's <c>RunState</c>, such as <c>running</c>; null where there is no VM to run (qemu-storage-daemon).</summary>
    public string? RunState { get; init; }

    /// <summary>
    /// The nodes, as the guest's devices stand on them, on which an access has failed so that the VM stopped. QEMU forgets it when the VM
    /// goes on.
    /// </summary>
    internal ImmutableArray<string> FailedNodes { get; init; } = [];

    /// <summary>How many of the guest's writes have failed since QEMU was started, by the node that the device stands on.</summary>
    internal ImmutableDictionary<string, long> FailedWrites { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>
    /// QAPI's <c>MigrationStatus</c> of the newest migration, out or in, such as <c>active</c>; null where there was none.
    /// </summary>
    public string? MigrationStatus { get; init; }

    /// <summary>The disks with a medium, read-only ones too, in the order of the devices.</summary>
    public ImmutableArray<VmDisk> Disks { get; init; } = [];

    /// <summary>The guest devices that hold data which QEMU does not see.</summary>
    public ImmutableArray<UnseenDisk> UnseenDisks { get; init; } = [];

    /// <summary>All nodes.</summary>
    public ImmutableArray<BlockNode> Nodes { get; init; } = [];

    /// <summary>All jobs.</summary>
    internal ImmutableArray<VmJob> Jobs { get; init; } = [];

    /// <summary>All exports.</summary>
    internal ImmutableArray<VmExport> Exports { get; init; } = [];

    /// <summary>The NBD server that a storage daemon was started with; null where it has none, or this host cannot tell.</summary>
    internal VmNbdServer? NbdServer { get; init; }

    /// <summary>Whether QEMU holds the mark of an open backup.</summary>
    internal bool HasNote { get; init; }

    /// <summary>What the mark says; null where there is none, or it cannot be read.</summary>
    internal SessionNote? Note { get; init; }

    /// <summary>The process behind a unix socket; null over TCP.</summary>
    internal VmProcess? Process { get; init; }

    /// <summary>Whether the NBD socket that the mark names is there; null where this host cannot tell.</summary>
    internal bool? NbdSocketExists { get; init; }

    /// <summary>The scratch folders on this host, of whatever backup; empty over TCP.</summary>
    internal ImmutableArray<ScratchFolder> ScratchFolders { get; init; } = [];

    /// <summary>Directories that may hold scratch folders and did not answer: a file system hangs.</summary>
    internal ImmutableArray<string> SilentDirectories { get; init; } = [];

    /// <summary>The node with this name, or null.</summary>
    /// <param name="name">The node name.</param>
    public BlockNode? FindNode(string name) => Nodes.FirstOrDefault(n => n.Name == name);

    /// <summary>The job with this id, or null.</summary>
    /// <param name="id">The id.</param>
    internal VmJob? FindJob(string id) => Jobs.FirstOrDefault(j => j.Id == id);
}

/// <summary>A job in QEMU (QAPI <c>JobInfo</c>).</summary>
/// <param name="Id">Its id.</param>
/// <param name="Type">What it does, such as <c>backup</c> or <c>create</c>.</param>
/// <param name="Status">Its status in QAPI's words, such as <c>running</c> or <c>concluded</c>.</param>
/// <param name="Error">Why it failed; null where it did not.</param>
internal sealed record VmJob(string Id, string Type, string Status, string? Error = null)
{
    /// <summary>Whether it still works: only then does a backup job hold its point in time.</summary>
    public bool IsAlive => Status is "running" or "paused" or "ready" or "standby" or "created";
}

/// <summary>A block export in QEMU (QAPI <c>BlockExportInfo</c>).</summary>
/// <param name="Id">Its id.</param>
/// <param name="Type">Its type, such as <c>nbd</c>.</param>
/// <param name="NodeName">The node that it exports.</param>
internal sealed record VmExport(string Id, string Type, string NodeName);

/// <summary>The NBD server that a storage daemon was started with. QEMU does not tell of it: its command line does.</summary>
/// <param name="Address">Where it listens.</param>
/// <param name="Tls">Whether it wants TLS.</param>
internal sealed record VmNbdServer(NbdEndpoint Address, bool Tls);

/// <summary>The process at the other end of a unix socket.</summary>
/// <param name="Pid">Its process id.</param>
/// <param name="UserId">The user that it runs as now.</param>
/// <param name="GroupId">The group that it runs as now.</param>
internal sealed record VmProcess(int Pid, uint UserId, uint GroupId)
{
    /// <summary>
    /// Whether it runs QEMU's program: then its NBD server is the same process. Else it passes on to a QEMU that cannot be seen from here.
    /// </summary>
    public bool IsQemu { get; init; }

    /// <summary>
    /// When it began, in ticks since the boot: another process of this number began at another time. 0 where it cannot be told.
    /// </summary>
    internal long BeganAt { get; init; }
}

/// <summary>
/// Tells the end of a job from the rest of what QEMU says of jobs: with many disks every change of the block graph pauses and resumes every
/// job, thousands of events in all.
/// </summary>
internal static class JobEnd
{
    /// <summary>Whether an event may be what somebody waits for who waits for a job to end, or for anything else.</summary>
    /// <param name="happened">Any event.</param>
    /// <returns>Whether it is one of another kind, or a job has ended, or its status cannot be read.</returns>
    public static bool Concerns(QmpEvent happened) => !happened.Is(QmpEvents.JobStatusChange)
        || happened.Data is not { ValueKind: JsonValueKind.Object } data || !data.TryGetProperty(
            "status", out var status) || status.ValueKind != JsonValueKind.String
        || status.GetString() is "aborting" or "concluded" or "null";
}

/// <summary>What this QEMU can do, read from its own schema and never guessed from its version.</summary>
internal sealed record QemuFeatures
{
    /// <summary>Whether a bitmap of another node can be named in an export (<c>{node, name}</c>; since QEMU 7.1).</summary>
    public bool ExportsBitmapsByNode { get; init; }

    /// <summary>Whether there is a <c>snapshot-access</c> driver (since QEMU 7.0).</summary>
    public bool HasSnapshotAccess { get; init; }

    /// <summary>
    /// Whether a backup job can be told to break the snapshot and not the guest's write (<c>on-cbw-error</c>; since QEMU 10.1).
    /// </summary>
    public bool BackupHasOnCbwError { get; init; }

    /// <summary>Whether the NBD server can be told how many clients it may have (<c>max-connections</c>; since QEMU 5.2).</summary>
    internal bool NbdServerHasMaxConnections { get; init; }

    /// <summary>Whether the commands that pull mode is made of are all there.</summary>
    public bool SupportsPullMode { get; init; }
}
