using System.Text.Json;

namespace QmpBackup.Qmp;

internal sealed class BlockdevCreateOptionsConverter() : QapiUnionConverter<BlockdevCreateOptions>("driver")
{
    protected override BlockdevCreateOptions FromElement(string tag, JsonElement element) => Required(tag switch
    {
        "file" => element.Deserialize(QmpJsonContext.Default.BlockdevCreateOptionsFile),
        "qcow2" => element.Deserialize(QmpJsonContext.Default.BlockdevCreateOptionsQcow2),
        _ => BlockdevCreateOptionsJson.FromElement(element),
    });

    protected override void WriteBranch(Utf8JsonWriter writer, BlockdevCreateOptions value) => value.WriteTo(writer);
}
