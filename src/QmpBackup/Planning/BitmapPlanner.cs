using System.Text;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Planning;

/// <summary>
/// Plans a change of one bitmap by hand, and checks before QEMU is asked whether it is possible: QEMU's own refusals are hard to tell
/// apart.
/// </summary>
internal static class BitmapPlanner
{
    private const int MaxNameBytes = 1023;
    private const long MinGranularity = 512;
    private const long MaxGranularity = 1L << 31;

    /// <summary>All bitmaps that have a name.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="disk">Only those of this disk or node; null for all.</param>
    /// <exception cref="BackupException">There is no such disk or node.</exception>
    public static IEnumerable<PlacedBitmap> List(VmState state, string? disk) =>
        from place in disk is null ? BitmapPlace.All(state) : [BitmapPlace.Find(state, disk)]
        from bitmap in place.Node.Bitmaps
            // QEMU's own jobs make those without a name, and nobody else can do anything with them.
        where bitmap.Name is not null
        select new PlacedBitmap(place, bitmap);

    /// <summary>Plans it.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="request">What to do.</param>
    /// <exception cref="BackupException">It is not possible, and the message says why.</exception>
    public static BackupPlan Plan(VmState state, BitmapRequest request)
    {
        RequireName(request.Bitmap);
        RequireForce(request);
        var place = BitmapPlace.Find(state, request.Disk);
        var name = request.Bitmap;
        var (summary, command) = request.Action switch
        {
            BitmapAction.Add => ($"Add bitmap '{name}' to {place.Name}.", Add(place, request)),
            BitmapAction.Remove => ($"Remove bitmap '{name}' from {place.Name}.", Remove(place, name)),
            BitmapAction.Clear => ($"Clear bitmap '{name}' on {place.Name}: it forgets what it has recorded.", Clear(place, name)),
            BitmapAction.Enable => ($"Enable bitmap '{name}' on {place.Name}: it records from now on.", Enable(place, name)),
            BitmapAction.Disable => ($"Disable bitmap '{name}' on {place.Name}: it keeps what it has recorded.", Disable(place, name)),
            BitmapAction.Merge => ($"Merge into bitmap '{name}' on {place.Name} what others have recorded.", Merge(place, request)),
            _ => throw new ArgumentOutOfRangeException(nameof(request), request.Action, "There is no such action."),
        };
        return new BackupPlan(PlanAction.Bitmap, summary, [new CommandStep(summary, command)]);
    }

    private static QmpRequest<QmpVoid> Add(BitmapPlace place, BitmapRequest request)
    {
        if (place.Node.FindBitmap(request.Bitmap) is not null)
            throw Invalid($"There is a bitmap '{request.Bitmap}' on {place.Name} already.", "Remove it first, or give another name.");
        if (request.Granularity is { } granularity
            && (granularity is < MinGranularity or > MaxGranularity || !long.IsPow2(granularity)))
        {
            throw Invalid($"A granularity of {granularity} bytes is not possible.", "It is a power of two from 512 to 2147483648.");
        }

        var canPersist = place.Disk?.CanPersistBitmaps ?? place.Node is { Driver: "qcow2", Qcow2Compat: not "0.10" };
        if (request.IsPersistent == true && !canPersist)
        {
            throw Invalid($"The image of {place.Name} cannot store bitmaps: that takes qcow2, version 3.",
                Advice.Of($"With {Feature.KeepInMemory} it is kept in QEMU's memory, and lost when QEMU ends."));
        }

        var isPersistent = request.IsPersistent ?? canPersist;
        if (isPersistent)
            RequireWritable(place, "a bitmap cannot be stored in it");
        return BlockCoreCommands.BlockDirtyBitmapAdd.With(new BlockDirtyBitmapAdd
        {
            Node = place.Node.Name,
            Name = request.Bitmap,
            Granularity = request.Granularity,
            Persistent = isPersistent,
            Disabled = request.IsDisabled ? true : null,
        });
    }

    private static QmpRequest<QmpVoid> Remove(BitmapPlace place, string name)
    {
        RequireFree(place, Require(place, name));
        RequireWritable(place, "its bitmaps cannot be removed");
        return BlockCoreCommands.BlockDirtyBitmapRemove.With(One(place, name));
    }

    private static QmpRequest<QmpVoid> Clear(BitmapPlace place, string name)
    {
        RequireUsable(place, name);
        RequireWritable(place, "its bitmaps cannot be cleared");
        return BlockCoreCommands.BlockDirtyBitmapClear.With(One(place, name));
    }

    private static QmpRequest<QmpVoid> Enable(BitmapPlace place, string name)
    {
        RequireUsable(place, name);
        return BlockCoreCommands.BlockDirtyBitmapEnable.With(One(place, name));
    }

    private static QmpRequest<QmpVoid> Disable(BitmapPlace place, string name)
    {
        RequireUsable(place, name);
        return BlockCoreCommands.BlockDirtyBitmapDisable.With(One(place, name));
    }

    private static QmpRequest<QmpVoid> Merge(BitmapPlace place, BitmapRequest request)
    {
        var sources = request.Sources.Distinct().ToList();
        if (sources.Count == 0)
            throw Invalid($"Nothing is named to be merged into bitmap '{request.Bitmap}'.", null);
        foreach (var name in sources.Prepend(request.Bitmap))
            RequireUsable(place, name);
        return BlockCoreCommands.BlockDirtyBitmapMerge.With(new BlockDirtyBitmapMerge
        {
            Node = place.Node.Name,
            Target = request.Bitmap,
            Bitmaps = [.. sources.Select(s => (BlockDirtyBitmapOrStr)s)],
        });
    }

    private static BlockDirtyBitmap One(BitmapPlace place, string name) => new() { Node = place.Node.Name, Name = name };

    private static void RequireName(string name)
    {
        if (name.Length == 0 || Encoding.UTF8.GetByteCount(name) > MaxNameBytes)
            throw Invalid($"A bitmap's name has 1 to {MaxNameBytes} bytes.", null);
    }

    private static void RequireForce(BitmapRequest request)
    {
        if (request.Force || !CheckpointBitmapName.IsReserved(request.Bitmap))
            return;
        var consequence = request.Action switch
        {
            BitmapAction.Add => "the next backup would treat it as a checkpoint",
            BitmapAction.Remove =>
                "without it the next backup of this disk in its chain is a full one, and an open backup cannot be finished",
            BitmapAction.Clear => "what it has recorded would be missing from the next increment, and nothing would show that",
            BitmapAction.Enable =>
                "a disabled one is part of a kept sequence, or of an open backup, and would no longer say what changed when",
            BitmapAction.Disable =>
                "what changes from now on would be missing from the next increment, so that it will be a full one",
            _ => "it would no longer say what changed when",
        };
        throw Invalid($"'{request.Bitmap}' is a bitmap of qbackup's own: {consequence}.",
            Advice.Of($"Give {Feature.ForceBitmap} if that is what you want."));
    }

    private static DirtyBitmap Require(BitmapPlace place, string name)
    {
        if (place.Node.FindBitmap(name) is { } bitmap)
            return bitmap;
        var names = place.Node.Bitmaps.Select(b => b.Name).OfType<string>().ToList();
        throw Invalid($"There is no bitmap '{name}' on {place.Name}.", names.Count > 0 ? $"It has: {string.Join(", ", names)}."
            : Advice.Of($"It has no bitmap; {Feature.ListBitmaps} shows those of other disks."));
    }

    // Everything but removing needs what the bitmap has recorded.
    private static void RequireUsable(BitmapPlace place, string name)
    {
        var bitmap = Require(place, name);
        RequireFree(place, bitmap);
        if (bitmap.IsInconsistent)
        {
            throw Invalid(
                $"Bitmap '{name}' on {place.Name} is inconsistent: QEMU was not shut down cleanly, and what it recorded is lost.",
                "It can only be removed.");
        }
    }

    private static void RequireFree(BitmapPlace place, DirtyBitmap bitmap)
    {
        if (bitmap.IsBusy)
        {
            throw new BackupException(BackupErrorCode.Busy, $"Bitmap '{bitmap.Name}' on {place.Name} is in use by an export or a job.",
                Advice.Of($"{Feature.Status} shows an open backup; {Feature.QueryExports} and {Feature.QueryJobs} show all that runs."));
        }
    }

    private static void RequireWritable(BitmapPlace place, string consequence)
    {
        if (place.Node.IsReadOnly)
            throw Invalid($"{char.ToUpperInvariant(place.Name[0])}{place.Name[1..]} is read-only: {consequence}.", null);
    }

    private static BackupException Invalid(string message, Advice? remedy) => new(BackupErrorCode.InvalidArgument, message, remedy);
}
