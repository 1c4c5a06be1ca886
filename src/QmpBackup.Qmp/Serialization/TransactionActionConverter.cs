using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace QmpBackup.Qmp;

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
