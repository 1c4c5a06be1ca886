using QapiGenerator.Schema;

namespace QapiGenerator.Emit;

/// <summary>How C# names, reads and writes a type of the schema.</summary>
/// <param name="CSharp">The C# type.</param>
/// <param name="IsValue">Whether it is a value type.</param>
/// <param name="Read">A method group that reads it.</param>
/// <param name="Write">What writes a value, given the writer and an expression.</param>
/// <param name="Member">What writes a member, given its name and an expression that may be null.</param>
/// <param name="Info">Its JSON metadata.</param>
internal sealed record TypeUse(
    string CSharp, bool IsValue, string Read, Func<string, string> Write, Func<string, string, string> Member, string Info)
{
    public static TypeUse Of(Api api, TypeName type, string? special)
    {
        if (special == "bytes")
            return Simple("ReadOnlyMemory<byte>", "Bytes", isValue: true);
        if (special == "long")
            return Simple("long", "Int64", isValue: true);
        var one = One(api, type.Name);
        return type.IsList ? List(one) : one;
    }

    private static TypeUse One(Api api, string name)
    {
        switch (name)
        {
            case "str":
                return Simple("string", "String", isValue: false);
            case "bool":
                return Simple("bool", "Bool", isValue: true);
            case "number":
                return Simple("double", "Double", isValue: true);
            case "int8" or "int16" or "int32" or "uint8" or "uint16":
                return Simple("int", "Int32", isValue: true);
            case "int" or "int64" or "uint32" or "size":
                return Simple("long", "Int64", isValue: true);
            case "uint64":
                return Simple("ulong", "UInt64", isValue: true);
            case "any":
                return Simple("JsonElement", "Any", isValue: true);
            case "null":
                return Simple("QmpVoid", "Null", isValue: true);
        }

        var definition = api.Type(name);
        var csharp = api.CSharp(name);
        return definition.Kind == QapiKind.Enum
            ? new(csharp, IsValue: true, $"QapiReader.Enum<{csharp}>", value => $"QapiWriter.Enum(writer, {value}.Value)",
                (member, value) => $"QapiWriter.Enum<{csharp}>(writer, \"{member}\"u8, {value});", $"QapiJson.Enum<{csharp}>()")
            : new(csharp, IsValue: false, $"global::{api.Target.Namespace}.{csharp}.ReadFrom",
                value => $"((IQapiValue){value}).WriteTo(writer)",
                (member, value) => $"QapiWriter.Object(writer, \"{member}\"u8, {value});", $"QapiJson.Object<{csharp}>()")
            {
                TakesNull = definition.Kind == QapiKind.Alternate && definition.Branches.Any(static branch => branch.Type.Name == "null"),
            };
    }

    private static TypeUse Simple(string csharp, string name, bool isValue) => new(
        csharp, isValue, $"QapiReader.{name}", value => $"QapiWriter.{name}(writer, {value})",
        (member, value) => $"QapiWriter.{name}(writer, \"{member}\"u8, {value});", $"QapiJson.{name}");

    private static TypeUse List(TypeUse item)
    {
        var csharp = $"IReadOnlyList<{item.CSharp}>";
        var write = $"static (writer, item) => {item.Write("item")}";
        return new(
            csharp, IsValue: false, $"static (ref reader) => QapiReader.List(ref reader, {item.Read})",
            value => $"QapiWriter.List(writer, {value}, {write})",
            (member, value) => item.IsObject
                ? $"QapiWriter.Objects(writer, \"{member}\"u8, {value});"
                : $"QapiWriter.List(writer, \"{member}\"u8, {value}, {write});",
            $"QapiJson.List<{item.CSharp}>({item.Read}, {write})")
        { ReadCall = $"QapiReader.List(ref reader, {item.Read})" };
    }

    /// <summary>Whether JSON null is a value of it, and not the absence of one.</summary>
    public bool TakesNull { get; init; }

    /// <summary>Whether it is a record that writes itself.</summary>
    private bool IsObject => !IsValue && CSharp != "string" && !CSharp.StartsWith("IReadOnlyList", StringComparison.Ordinal);

    /// <summary>A call that reads it.</summary>
    public string ReadCall { get; init; } = $"{Read}(ref reader)";
}
