using System.Collections.Immutable;
using QmpBackup.Model;

namespace QmpBackup.Tests;

/// <summary>States of VMs for the planners, built by hand.</summary>
internal static class Given
{
    public const long Size = 64 << 20;

    public static readonly QemuFeatures Qemu72 = new() { ExportsBitmapsByNode = true, HasSnapshotAccess = true, SupportsPullMode = true };

    public static readonly QemuFeatures Qemu111 = Qemu72 with { BackupHasOnCbwError = true };

    /// <summary>The n-th checkpoint in a row: hours apart, with a tag that shows its number.</summary>
    public static CheckpointId Checkpoint(int n) =>
        CheckpointId.Create(new DateTimeOffset(2026, 11, 20, 0, 0, 0, TimeSpan.Zero).AddHours(n), $"{n:x6}");

    public static string Name(int n, int? after = null, bool open = false, ChainName chain = default, string disk = "a") =>
        new CheckpointBitmapName(chain, Checkpoint(n), open, after is { } before ? Checkpoint(before) : null, DiskTag.Of(disk, $"/vm/{disk}.qcow2")).ToString();

    public static string Twin(string name) => name.Replace(".on-", ".twin.on-");

    public static DirtyBitmap Recording(string name, long count = 65536) =>
        new() { Name = name, IsRecording = true, IsPersistent = true, Granularity = 65536, Count = count };

    public static DirtyBitmap Closed(string name) => Recording(name) with { IsRecording = false };

    public static DirtyBitmap Inconsistent(string name) => Closed(name) with { IsInconsistent = true, Count = 0 };

    public static VmDisk Disk(string name, params DirtyBitmap[] bitmaps) => new()
    {
        Name = name,
        Device = "dev-" + name,
        Node = new BlockNode { Name = name, Driver = "qcow2", Qcow2Compat = "1.1", Size = Size, FileName = $"/vm/{name}.qcow2", Bitmaps = [.. bitmaps] },
    };

    public static VmDisk RawDisk(string name, params DirtyBitmap[] bitmaps)
    {
        var disk = Disk(name, bitmaps);
        return disk with { Node = disk.Node with { Driver = "raw", Qcow2Compat = null } };
    }

    public static VmState Vm(params VmDisk[] disks) => new()
    {
        Version = new Version(7, 2, 22),
        Features = Qemu72,
        Name = "vm",
        RunState = "running",
        Disks = [.. disks],
        Nodes = [.. disks.Select(d => d.Node)],
        Process = new VmProcess(4711, 0, 0),
    };

    public static StartRequest Request(int checkpoint = 9) => new() { Checkpoint = Checkpoint(checkpoint) };

    /// <summary>The VM with the note, jobs, nodes and exports of a plan. The caller adds the bitmaps.</summary>
    public static VmState Opened(VmState state, BackupPlan plan, SessionPhase phase = SessionPhase.Open)
    {
        var note = plan.Note! with { Phase = phase };
        var names = new SessionNames(note.Checkpoint);
        var numbers = Enumerable.Range(0, note.Disks.Length).ToImmutableArray();
        return state with
        {
            HasNote = true,
            Note = note,
            NbdSocketExists = true,
            Jobs = [.. state.Jobs, .. numbers.Select(i => new VmJob(names.Disk(i).Job, "backup", "running"))],
            Exports = [.. state.Exports, .. numbers.Select(i => new VmExport(names.Disk(i).Export, "nbd", names.Disk(i).Overlay))],
            Nodes =
            [
                .. state.Nodes,
                .. numbers.Select(i => new BlockNode { Name = names.Disk(i).Overlay, Driver = "qcow2", Size = Size }),
                .. numbers.Select(i => new BlockNode { Name = names.Disk(i).OverlayFile, Driver = "file", FileName = note.Disks[i].Scratch }),
                .. numbers.Select(i => new BlockNode { Name = names.Disk(i).Filter, Driver = "copy-before-write" }),
            ],
        };
    }

    /// <summary>The same VM with other bitmaps on its only disk.</summary>
    public static VmState With(this VmState state, params DirtyBitmap[] bitmaps)
    {
        var old = state.Disks.Single();
        var disk = old with { Node = old.Node with { Bitmaps = [.. bitmaps] } };
        return state with { Disks = [disk], Nodes = [.. state.Nodes.Select(n => n.Name == old.Node.Name ? disk.Node : n)] };
    }

    /// <summary>
    /// The commands of a plan, as <c>name</c> or, for a transaction, each action as <c>type node/name</c>, without those for twins.
    /// </summary>
    public static IEnumerable<string> Commands(this IEnumerable<PlanStep> steps) =>
        steps.AllCommands().Where(c => !c.Contains(".twin.on-"));

    /// <summary>The same, with those for twins.</summary>
    public static IEnumerable<string> AllCommands(this IEnumerable<PlanStep> steps) => steps.OfType<CommandStep>().SelectMany(step =>
        step.Request.Command != "transaction"
            ? [step.Request.Command]
            : step.Request.Arguments!.Value.GetProperty("actions").EnumerateArray().Select(action =>
            {
                var data = action.GetProperty("data");
                string? Text(string member) => data.TryGetProperty(member, out var value) ? value.ToString() : null;
                return $"{action.GetProperty("type").GetString()} {Text("node") ?? Text("device")}/{Text("name") ?? Text("target")}"
                    + (Text("bitmaps") is { } sources && Text("target") is not null ? " <- " + sources : "");
            }));
}
