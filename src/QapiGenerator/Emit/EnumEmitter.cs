using QapiGenerator.Schema;

namespace QapiGenerator.Emit;

/// <summary>Enumerations: a struct around the value as sent, with the known values as properties.</summary>
internal static class EnumEmitter
{
    public static void Emit(CodeWriter code, Api api, QapiDefinition type)
    {
        var name = api.CSharp(type.Name);
        var written = Api.OverrideOf(api.Overrides.Types, type.Name);
        var names = Names(api, type);
        code.Line();
        code.Summary(Texts.Summary(written.Summary, Texts.Facts(type, "", type.Module)));
        code.Line("/// <remarks>Other versions of QEMU may send other values.</remarks>");
        code.Line("/// <param name=\"Value\">The value as sent.</param>");
        code.Line($"[JsonConverter(typeof(QapiStringConverter<{name}>))]");
        foreach (var attribute in Texts.Attributes(type))
            code.Line(attribute);
        code.Block($"public readonly partial record struct {name}(string Value) : IQapiString<{name}>, IQapiType", () =>
        {
            foreach (var value in type.Members)
            {
                var own = Api.OverrideOf(written.Members, value.Name);
                var property = names[value.Name];
                code.Summary(Texts.Summary(own.Summary, Texts.Facts(value, "")));
                foreach (var attribute in Texts.Attributes(value))
                    code.Line(attribute);
                code.Line($"public static {name} {property} => new(\"{value.Name}\");");
                code.Line();
            }

            code.Line("/// <inheritdoc/>");
            code.Line($"public static QapiFacts Qapi => QapiFacts.Parse({FactsText.Of(type, type.Members)});");
            code.Line();
            code.Summary("The value as sent.");
            code.Line("/// <returns>The value as sent.</returns>");
            code.Line("public override string ToString() => Value ?? string.Empty;");
            code.Line();
            code.Line($"static {name} IQapiString<{name}>.FromString(string value) => new(value);");
        });
    }

    /// <summary>The property of each value.</summary>
    public static Dictionary<string, string> Names(Api api, QapiDefinition type)
    {
        var written = Api.OverrideOf(api.Overrides.Types, type.Name);
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        var used = new HashSet<string>(StringComparer.Ordinal)
        {
            api.CSharp(type.Name), "Value", "Qapi", "Equals", "ToString", "GetHashCode", "Deconstruct",
        };
        foreach (var value in type.Members)
        {
            var property = Api.OverrideOf(written.Members, value.Name).Name ?? api.Pascal(value.Name);
            while (!used.Add(property))
                property += "Value";
            found.Add(value.Name, property);
        }

        return found;
    }
}
