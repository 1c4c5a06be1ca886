using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>transaction</c> (QEMU 1.1): all actions are executed at one point in time, or none.</summary>
public sealed record TransactionArguments
{
    /// <summary>The actions, in this order.</summary>
    [JsonPropertyName("actions")]
    public required IReadOnlyList<TransactionAction> Actions { get; init; }

    /// <summary>The properties of the transaction.</summary>
    [JsonPropertyName("properties")]
    public TransactionProperties? Properties { get; init; }
}

/// <summary>Properties of a transaction (QAPI <c>TransactionProperties</c>, QEMU 2.5).</summary>
public sealed record TransactionProperties
{
    /// <summary>How the jobs depend on each other; default individual.</summary>
    [JsonPropertyName("completion-mode")]
    public ActionCompletionMode? CompletionMode { get; init; }
}

/// <summary>
/// How the jobs of a transaction depend on each other (QAPI <c>ActionCompletionMode</c>, QEMU 2.5). Other versions of QEMU may know
/// other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<ActionCompletionMode>))]
public readonly record struct ActionCompletionMode(string Value) : IQapiString<ActionCompletionMode>
{
    /// <summary><c>individual</c>: each job is independent.</summary>
    public static ActionCompletionMode Individual { get; } = new("individual");

    /// <summary><c>grouped</c>: when one fails, all are cancelled. Only for actions that start jobs.</summary>
    public static ActionCompletionMode Grouped { get; } = new("grouped");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static ActionCompletionMode IQapiString<ActionCompletionMode>.FromString(string value) => new(value);
}

/// <summary>One action of a <c>transaction</c> (QAPI <c>TransactionAction</c>, QEMU 1.1), sent as <c>{"type":…,"data":{…}}</c>.</summary>
[JsonConverter(typeof(TransactionActionConverter))]
public sealed record TransactionAction
{
    private TransactionAction(string type, object data)
    {
        Type = type;
        Data = data;
    }

    /// <summary>The type of the action, such as <c>blockdev-backup</c>.</summary>
    public string Type { get; }

    /// <summary>
    /// The data of the action: the QAPI record of its type, such as a <see cref="QmpBackup.Qmp.BlockdevBackup"/>, a
    /// <see cref="QmpVoid"/> for nothing, or the <see cref="JsonElement"/> given to <see cref="Raw"/>.
    /// </summary>
    public object Data { get; }

    /// <summary><c>abort</c>: makes the transaction fail, for tests (QEMU 1.6).</summary>
    /// <returns>The action.</returns>
    public static TransactionAction Abort() => new("abort", default(QmpVoid));

    /// <summary>Creates any action, also one that this library has no method for.</summary>
    /// <param name="type">The type of the action.</param>
    /// <param name="data">The data of the action, a JSON object.</param>
    /// <returns>The action.</returns>
    /// <exception cref="ArgumentException">The type is empty, or the data is not a JSON object.</exception>
    public static TransactionAction Raw(string type, JsonElement data)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(type);
        return data.ValueKind == JsonValueKind.Object
            ? new(type, data.Clone())
            : throw new ArgumentException("The data of an action must be a JSON object.", nameof(data));
    }

    /// <summary><c>block-dirty-bitmap-add</c>: creates a bitmap (QEMU 2.5).</summary>
    /// <param name="data">The data of the action.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapAdd(BlockDirtyBitmapAdd data) => Create("block-dirty-bitmap-add", data);

    /// <summary>
    /// <c>block-dirty-bitmap-remove</c>: removes a bitmap. It is removed at the end of the transaction, so another
    /// action of the same transaction cannot use its name (QEMU 4.2).
    /// </summary>
    /// <param name="data">The data of the action.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapRemove(BlockDirtyBitmap data) => Create("block-dirty-bitmap-remove", data);

    /// <summary>
    /// <c>block-dirty-bitmap-remove</c>: removes a bitmap. It is removed at the end of the transaction, so another
    /// action of the same transaction cannot use its name (QEMU 4.2).
    /// </summary>
    /// <param name="node">The name of the node.</param>
    /// <param name="name">The name of the bitmap.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapRemove(string node, string name) =>
        BlockDirtyBitmapRemove(new BlockDirtyBitmap { Node = node, Name = name });

    /// <summary><c>block-dirty-bitmap-clear</c>: clears a bitmap (QEMU 2.5).</summary>
    /// <param name="data">The data of the action.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapClear(BlockDirtyBitmap data) => Create("block-dirty-bitmap-clear", data);

    /// <summary><c>block-dirty-bitmap-clear</c>: clears a bitmap (QEMU 2.5).</summary>
    /// <param name="node">The name of the node.</param>
    /// <param name="name">The name of the bitmap.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapClear(string node, string name) =>
        BlockDirtyBitmapClear(new BlockDirtyBitmap { Node = node, Name = name });

    /// <summary><c>block-dirty-bitmap-enable</c>: enables a bitmap: it records writes (QEMU 4.0).</summary>
    /// <param name="data">The data of the action.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapEnable(BlockDirtyBitmap data) => Create("block-dirty-bitmap-enable", data);

    /// <summary><c>block-dirty-bitmap-enable</c>: enables a bitmap: it records writes (QEMU 4.0).</summary>
    /// <param name="node">The name of the node.</param>
    /// <param name="name">The name of the bitmap.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapEnable(string node, string name) =>
        BlockDirtyBitmapEnable(new BlockDirtyBitmap { Node = node, Name = name });

    /// <summary><c>block-dirty-bitmap-disable</c>: disables a bitmap: it stops recording (QEMU 4.0).</summary>
    /// <param name="data">The data of the action.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapDisable(BlockDirtyBitmap data) => Create("block-dirty-bitmap-disable", data);

    /// <summary><c>block-dirty-bitmap-disable</c>: disables a bitmap: it stops recording (QEMU 4.0).</summary>
    /// <param name="node">The name of the node.</param>
    /// <param name="name">The name of the bitmap.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapDisable(string node, string name) =>
        BlockDirtyBitmapDisable(new BlockDirtyBitmap { Node = node, Name = name });

    /// <summary><c>block-dirty-bitmap-merge</c>: merges bitmaps into a target bitmap (QEMU 4.0).</summary>
    /// <param name="data">The data of the action.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockDirtyBitmapMerge(BlockDirtyBitmapMerge data) => Create("block-dirty-bitmap-merge", data);

    /// <summary><c>blockdev-backup</c>: starts a backup job (QEMU 2.3).</summary>
    /// <param name="data">The data of the action.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockdevBackup(BlockdevBackup data) => Create("blockdev-backup", data);

    /// <summary><c>blockdev-snapshot</c>: makes a node the overlay of another (QEMU 2.5).</summary>
    /// <param name="data">The data of the action.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockdevSnapshot(BlockdevSnapshot data) => Create("blockdev-snapshot", data);

    /// <summary><c>blockdev-snapshot-sync</c>: creates an overlay on a node (QEMU 1.1).</summary>
    /// <param name="data">The data of the action.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockdevSnapshotSync(BlockdevSnapshotSync data) => Create("blockdev-snapshot-sync", data);

    /// <summary><c>blockdev-snapshot-internal-sync</c>: takes an internal snapshot (QEMU 1.7).</summary>
    /// <param name="data">The data of the action.</param>
    /// <returns>The action.</returns>
    public static TransactionAction BlockdevSnapshotInternalSync(BlockdevSnapshotInternal data) =>
        Create("blockdev-snapshot-internal-sync", data);

    /// <summary><c>drive-backup</c>: starts a backup job to a file; deprecated since 6.2 (QEMU 1.6).</summary>
    /// <param name="data">The data of the action.</param>
    /// <returns>The action.</returns>
    public static TransactionAction DriveBackup(DriveBackup data) => Create("drive-backup", data);

    private static TransactionAction Create(string type, object data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return new(type, data);
    }
}

internal sealed class TransactionActionConverter() : QapiUnionConverter<TransactionAction>("type")
{
    protected override TransactionAction FromElement(string tag, JsonElement element) => tag switch
    {
        "abort" => TransactionAction.Abort(),
        "block-dirty-bitmap-add" => TransactionAction.BlockDirtyBitmapAdd(Data(element, QmpJsonContext.Default.BlockDirtyBitmapAdd)),
        "block-dirty-bitmap-remove" => TransactionAction.BlockDirtyBitmapRemove(Data(element, QmpJsonContext.Default.BlockDirtyBitmap)),
        "block-dirty-bitmap-clear" => TransactionAction.BlockDirtyBitmapClear(Data(element, QmpJsonContext.Default.BlockDirtyBitmap)),
        "block-dirty-bitmap-enable" => TransactionAction.BlockDirtyBitmapEnable(Data(element, QmpJsonContext.Default.BlockDirtyBitmap)),
        "block-dirty-bitmap-disable" => TransactionAction.BlockDirtyBitmapDisable(Data(element, QmpJsonContext.Default.BlockDirtyBitmap)),
        "block-dirty-bitmap-merge" => TransactionAction.BlockDirtyBitmapMerge(Data(element, QmpJsonContext.Default.BlockDirtyBitmapMerge)),
        "blockdev-backup" => TransactionAction.BlockdevBackup(Data(element, QmpJsonContext.Default.BlockdevBackup)),
        "blockdev-snapshot" => TransactionAction.BlockdevSnapshot(Data(element, QmpJsonContext.Default.BlockdevSnapshot)),
        "blockdev-snapshot-sync" => TransactionAction.BlockdevSnapshotSync(Data(element, QmpJsonContext.Default.BlockdevSnapshotSync)),
        "blockdev-snapshot-internal-sync" =>
            TransactionAction.BlockdevSnapshotInternalSync(Data(element, QmpJsonContext.Default.BlockdevSnapshotInternal)),
        "drive-backup" => TransactionAction.DriveBackup(Data(element, QmpJsonContext.Default.DriveBackup)),
        _ => TransactionAction.Raw(tag, Data(element, QmpJsonContext.Default.JsonElement)),
    };

    protected override void WriteBranch(Utf8JsonWriter writer, TransactionAction value)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, value.Type);
        writer.WritePropertyName("data"u8);
        switch (value.Data)
        {
            case QmpVoid:
                writer.WriteStartObject();
                writer.WriteEndObject();
                break;
            case JsonElement raw:
                raw.WriteTo(writer);
                break;
            case BlockDirtyBitmapAdd data:
                JsonSerializer.Serialize(writer, data, QmpJsonContext.Default.BlockDirtyBitmapAdd);
                break;
            case BlockDirtyBitmap data:
                JsonSerializer.Serialize(writer, data, QmpJsonContext.Default.BlockDirtyBitmap);
                break;
            case BlockDirtyBitmapMerge data:
                JsonSerializer.Serialize(writer, data, QmpJsonContext.Default.BlockDirtyBitmapMerge);
                break;
            case BlockdevBackup data:
                JsonSerializer.Serialize(writer, data, QmpJsonContext.Default.BlockdevBackup);
                break;
            case BlockdevSnapshot data:
                JsonSerializer.Serialize(writer, data, QmpJsonContext.Default.BlockdevSnapshot);
                break;
            case BlockdevSnapshotSync data:
                JsonSerializer.Serialize(writer, data, QmpJsonContext.Default.BlockdevSnapshotSync);
                break;
            case BlockdevSnapshotInternal data:
                JsonSerializer.Serialize(writer, data, QmpJsonContext.Default.BlockdevSnapshotInternal);
                break;
            case DriveBackup data:
                JsonSerializer.Serialize(writer, data, QmpJsonContext.Default.DriveBackup);
                break;
            default:
                throw new UnexpectedJsonException($"No action takes a {value.Data.GetType().Name}.");
        }

        writer.WriteEndObject();
    }

    private static T Data<T>(JsonElement element, JsonTypeInfo<T> typeInfo) =>
        (element.TryGetProperty("data"u8, out var data) ? data.Deserialize(typeInfo) : default)
        ?? throw new UnexpectedJsonException("The action has no data.");
}
