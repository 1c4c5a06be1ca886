using System.Text.Json;

namespace QmpBackup.Qmp;

internal sealed class BlockdevOptionsConverter() : QapiUnionConverter<BlockdevOptions>("driver")
{
    protected override BlockdevOptions FromElement(string tag, JsonElement element) => Required(tag switch
    {
        "file" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsFile),
        "host_device" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsHostDevice),
        "qcow2" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsQcow2),
        "raw" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsRaw),
        "copy-before-write" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsCbw),
        "snapshot-access" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsSnapshotAccess),
        "nbd" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsNbd),
        "null-co" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsNullCo),
        "throttle" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsThrottle),
        "compress" => element.Deserialize(QmpJsonContext.Default.BlockdevOptionsCompress),
        _ => BlockdevOptionsJson.FromElement(element),
    });

    protected override void WriteBranch(Utf8JsonWriter writer, BlockdevOptions value) => value.WriteTo(writer);
}
