using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>One action of a <c>transaction</c> (QAPI <c>TransactionAction</c>, QEMU 1.1), sent as <c>{"type":…,"data":{…}}</c>.</summary>
[JsonConverter(typeof(TransactionActionConverter))]
public sealed record TransactionAction
{
    private TransactionAction(string type, object data)
    {
        Type = type;
        Data = data;
    }

    /// <summary>The kind of action, such as <c>blockdev-backup</c>.</summary>
    public string Type { get; }

    /// <summary>
    /// What the action takes: the QAPI record of its kind, such as a <see cref="QmpBackup.Qmp.BlockdevBackup"/>, a
    /// <see cref="QmpVoid"/> for nothing, or the <see cref="JsonElement"/> given to <see cref="Raw"/>.
    /// </summary>
    public object Data { get; }

    /// <summary><c>abort</c>: makes the transaction fail, for tests (QEMU 1.6).</summary>
    /// <returns>The action.</returns>
    public static TransactionAction Abort() => new("abort", default(QmpVoid));

    /// <summary>Any action: the way to what has no factory here.</summary>
    /// <param name="type">The kind of action.</param>
    /// <param name="data">What the action takes, a JSON object.</param>
    /// <returns>The action.</returns>
    /// <exception cref="ArgumentException">The kind is empty, or the data are no JSON object.</exception>
    public static TransactionAction Raw(string type, JsonElement data)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(type);
        return data.ValueKind == JsonValueKind.Object
            ? new(type, data.Clone())
            : throw new ArgumentException("The data of an action are a JSON object.", nameof(data));
    }

    /// <summary><c>block-dirty-bitmap-add</c>: makes a bitmap (QEMU 2.5).</summary>
    /// <param name="data">What the action takes.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapAdd(BlockDirtyBitmapAdd data) => Create("block-dirty-bitmap-add", data);

    /// <summary>
    /// <c>block-dirty-bitmap-remove</c>: removes a bitmap. It is removed at the very end, so that its name is not free for
    /// another action of the same transaction (QEMU 4.2).
    /// </summary>
    /// <param name="data">What the action takes.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapRemove(BlockDirtyBitmap data) => Create("block-dirty-bitmap-remove", data);

    /// <summary>
    /// <c>block-dirty-bitmap-remove</c>: removes a bitmap. It is removed at the very end, so that its name is not free for
    /// another action of the same transaction (QEMU 4.2).
    /// </summary>
    /// <param name="node">The name of the node.</param>
    /// <param name="name">The name of the bitmap.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapRemove(string node, string name) =>
        BlockDirtyBitmapRemove(new BlockDirtyBitmap { Node = node, Name = name });

    /// <summary><c>block-dirty-bitmap-clear</c>: clears a bitmap (QEMU 2.5).</summary>
    /// <param name="data">What the action takes.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapClear(BlockDirtyBitmap data) => Create("block-dirty-bitmap-clear", data);

    /// <summary><c>block-dirty-bitmap-clear</c>: clears a bitmap (QEMU 2.5).</summary>
    /// <param name="node">The name of the node.</param>
    /// <param name="name">The name of the bitmap.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapClear(string node, string name) =>
        BlockDirtyBitmapClear(new BlockDirtyBitmap { Node = node, Name = name });

    /// <summary><c>block-dirty-bitmap-enable</c>: makes a bitmap record (QEMU 4.0).</summary>
    /// <param name="data">What the action takes.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapEnable(BlockDirtyBitmap data) => Create("block-dirty-bitmap-enable", data);

    /// <summary><c>block-dirty-bitmap-enable</c>: makes a bitmap record (QEMU 4.0).</summary>
    /// <param name="node">The name of the node.</param>
    /// <param name="name">The name of the bitmap.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapEnable(string node, string name) =>
        BlockDirtyBitmapEnable(new BlockDirtyBitmap { Node = node, Name = name });

    /// <summary><c>block-dirty-bitmap-disable</c>: makes a bitmap stop recording (QEMU 4.0).</summary>
    /// <param name="data">What the action takes.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapDisable(BlockDirtyBitmap data) => Create("block-dirty-bitmap-disable", data);

    /// <summary><c>block-dirty-bitmap-disable</c>: makes a bitmap stop recording (QEMU 4.0).</summary>
    /// <param name="node">The name of the node.</param>
    /// <param name="name">The name of the bitmap.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapDisable(string node, string name) =>
        BlockDirtyBitmapDisable(new BlockDirtyBitmap { Node = node, Name = name });

    /// <summary><c>block-dirty-bitmap-merge</c>: adds the bits of bitmaps to another (QEMU 4.0).</summary>
    /// <param name="data">What the action takes.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapMerge(BlockDirtyBitmapMerge data) => Create("block-dirty-bitmap-merge", data);

    /// <summary><c>blockdev-backup</c>: starts a backup job (QEMU 2.3).</summary>
    /// <param name="data">What the action takes.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockdevBackup(BlockdevBackup data) => Create("blockdev-backup", data);

    /// <summary><c>blockdev-snapshot</c>: puts an overlay on a node (QEMU 2.5).</summary>
    /// <param name="data">What the action takes.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockdevSnapshot(BlockdevSnapshot data) => Create("blockdev-snapshot", data);

    /// <summary><c>blockdev-snapshot-sync</c>: makes an overlay and puts it on a node (QEMU 1.1).</summary>
    /// <param name="data">What the action takes.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockdevSnapshotSync(BlockdevSnapshotSync data) => Create("blockdev-snapshot-sync", data);

    /// <summary><c>blockdev-snapshot-internal-sync</c>: takes an internal snapshot (QEMU 1.7).</summary>
    /// <param name="data">What the action takes.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockdevSnapshotInternalSync(BlockdevSnapshotInternal data) =>
        Create("blockdev-snapshot-internal-sync", data);

    /// <summary><c>drive-backup</c>: starts a backup job to a file; deprecated since 6.2 (QEMU 1.6).</summary>
    /// <param name="data">What the action takes.</param>
    /// <returns>The action.</returns>
    public static TransactionAction DriveBackup(DriveBackup data) => Create("drive-backup", data);

    private static TransactionAction Create(string type, object data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return new(type, data);
    }
}
