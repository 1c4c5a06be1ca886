using System.Text.Json;

namespace QmpBackup.Qmp;

internal sealed class ObjectOptionsConverter() : QapiUnionConverter<ObjectOptions>("qom-type")
{
    protected override ObjectOptions FromElement(string tag, JsonElement element) => Required(tag switch
    {
        "authz-simple" => element.Deserialize(QmpJsonContext.Default.ObjectOptionsAuthzSimple),
        "tls-creds-x509" => element.Deserialize(QmpJsonContext.Default.ObjectOptionsTlsCredsX509),
        "secret" => element.Deserialize(QmpJsonContext.Default.ObjectOptionsSecret),
        "throttle-group" => element.Deserialize(QmpJsonContext.Default.ObjectOptionsThrottleGroup),
        "iothread" => element.Deserialize(QmpJsonContext.Default.ObjectOptionsIothread),
        _ => ObjectOptionsJson.FromElement(element),
    });

    protected override void WriteBranch(Utf8JsonWriter writer, ObjectOptions value) => value.WriteTo(writer);
}
