using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

internal sealed class QmpSchemaConverter : JsonConverter<QmpSchema>
{
    public override QmpSchema Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var schema = JsonElement.ParseValue(ref reader);
        if (schema.ValueKind != JsonValueKind.Array)
            throw new UnexpectedJsonException("Expected an array for a schema.");
        var entities = new List<SchemaEntity>(schema.GetArrayLength());
        foreach (var element in schema.EnumerateArray())
        {
            if (QapiUnion.Member(element, "name") is { } name && QapiUnion.Member(element, "meta-type") is { } metaType)
                entities.Add(ReadEntity(element, name, metaType));
        }

        return new QmpSchema(entities);
    }

    public override void Write(Utf8JsonWriter writer, QmpSchema value, JsonSerializerOptions options) =>
        throw new NotSupportedException("A schema can only be read.");

    private static SchemaEntity ReadEntity(JsonElement element, string name, string metaType)
    {
        var isEnum = metaType == "enum";
        return new SchemaEntity
        {
            Name = name,
            MetaType = metaType,
            ArgumentType = QapiUnion.Member(element, "arg-type"),
            ResultType = QapiUnion.Member(element, "ret-type"),
            ElementType = QapiUnion.Member(element, "element-type"),
            Tag = QapiUnion.Member(element, "tag"),
            Members = isEnum ? [] : ReadMembers(element, "members", "name"),
            Variants = ReadMembers(element, "variants", "case"),
            Values = isEnum ? ReadValues(element) : [],
            Features = ReadStrings(element, "features"),
        };
    }

    /// <summary>Members of an object have a name, branches of a union a case; members of an alternate have neither.</summary>
    private static List<SchemaMember> ReadMembers(JsonElement element, string list, string key)
    {
        var members = new List<SchemaMember>();
        foreach (var member in Items(element, list))
        {
            if (QapiUnion.Member(member, "type") is { } type)
                members.Add(new SchemaMember(QapiUnion.Member(member, key) ?? string.Empty, type));
        }

        return members;
    }

    /// <summary>Since QEMU 6.2 the values of an enumeration are in "members". Before, they are in "values".</summary>
    private static string[] ReadValues(JsonElement element)
    {
        string[] members = [.. Items(element, "members").Select(static item => QapiUnion.Member(item, "name")).OfType<string>()];
        return members.Length > 0 ? members : ReadStrings(element, "values");
    }

    private static string[] ReadStrings(JsonElement element, string list) =>
        [.. Items(element, list).Where(static item => item.ValueKind == JsonValueKind.String).Select(static item => item.GetString()!)];

    private static JsonElement.ArrayEnumerator Items(JsonElement element, string list) =>
        element.TryGetProperty(list, out var items) && items.ValueKind == JsonValueKind.Array ? items.EnumerateArray() : default;
}

[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, MaxDepth = 1024)]
[JsonSerializable(typeof(QmpSchema))]
internal sealed partial class QmpSchemaJsonContext : JsonSerializerContext;
