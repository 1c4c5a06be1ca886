using System.Text.Json;

namespace QmpBackup.Qmp;

internal sealed class BlockExportOptionsConverter() : QapiUnionConverter<BlockExportOptions>("type")
{
    protected override BlockExportOptions FromElement(string tag, JsonElement element) => Required(tag switch
    {
        "nbd" => element.Deserialize(QmpJsonContext.Default.BlockExportOptionsNbd),
        _ => BlockExportOptionsJson.FromElement(element),
    });

    protected override void WriteBranch(Utf8JsonWriter writer, BlockExportOptions value) => value.WriteTo(writer);
}
