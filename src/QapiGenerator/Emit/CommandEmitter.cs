using QapiGenerator.Schema;

namespace QapiGenerator.Emit;

/// <summary>The commands of a module: what describes each, and methods that execute it.</summary>
internal static class CommandEmitter
{
    /// <summary>With more members than this, a call by position cannot be read.</summary>
    private const int MostParameters = 4;

    public static void Emit(CodeWriter code, Api api, string module, IReadOnlyList<QapiDefinition> commands)
    {
        code.Line();
        var origin = api.Target.ClientType == "IQmpClient" ? $"QEMU's <c>{module}</c> module" : "the QEMU guest agent";
        code.Summary($"The commands of {origin}.");
        code.Block($"public static partial class {ClassName(api, module)}", () =>
        {
            var isFirst = true;
            foreach (var command in commands)
            {
                if (!isFirst)
                    code.Line();
                isFirst = false;
                EmitCommand(code, api, command);
            }
        });
    }

    public static string ClassName(Api api, string module) => api.Pascal(module) + "Commands";

    private static void EmitCommand(CodeWriter code, Api api, QapiDefinition command)
    {
        var written = Api.OverrideOf(api.Overrides.Commands, command.Name);
        var name = written.Name ?? api.Pascal(command.Name);
        var summary = Texts.Summary(written.Summary, Texts.Facts(command, "command ", command.Module));
        var result = command.Returns is null ? null : written.Type ?? api.Use(command.Returns).CSharp;
        var info = command.Returns is null ? "QapiJson.Void" : written.ResultInfo ?? api.Use(command.Returns).Info;
        var arguments = api.Arguments(command);
        var facts = FactsText.Of(command, command.Data is null ? command.Members : []);
        var type = (arguments is null ? "" : arguments + ", ") + (result ?? "QmpVoid");

        code.Summary(summary);
        foreach (var attribute in Texts.Attributes(command))
            code.Line(attribute);
        var typeInfo = arguments is null ? "" : $"QapiJson.Object<{arguments}>(), ";
        code.Line($"public static QmpCommand<{type}> {name} =>");
        code.Continue($"field ??= new(\"{command.Name}\", {typeInfo}{info}, {facts});");
        var call = new CommandCall(name, summary, result, [.. Texts.Attributes(command)]);
        if (arguments is null)
        {
            EmitCall(code, api, call, [], $"{name}.Request");
            return;
        }

        EmitCall(code, api, call, [("arguments", arguments, "The arguments.", false)], $"{name}.With(arguments)");
        EmitCallByPosition(code, api, command, call, written, arguments);
    }

    private static void EmitCallByPosition(
        CodeWriter code, Api api, QapiDefinition command, CommandCall call, Override written, string arguments)
    {
        var data = command.Data is null ? command : api.Type(command.Data);
        if (data.Kind is not (QapiKind.Command or QapiKind.Struct) || !command.IsComplete)
            return;
        var overrides = command.Data is null ? written : Api.OverrideOf(api.Overrides.Types, data.Name);
        var properties = api.Properties(data.Members, arguments, overrides, command.Data is not null && api.IsSent(data.Name));
        List<ApiProperty> stable =
            [.. properties.Where(static property => property.IsRequired || !Texts.Attributes(property.Member).Any())];
        if (stable.Count is 0 or > MostParameters)
            return;
        List<(string, string, string, bool)> parameters = [];
        foreach (var property in stable.OrderBy(static property => !property.IsRequired))
        {
            var summary = Texts.Summary(property.Summary, Texts.Facts(property.Member, "", written: property.Summary));
            parameters.Add((CSharpName.Camel(property.Name), property.CSharpType, summary, !property.IsRequired));
        }

        var values = string.Join(", ", stable.Select(property => $"{property.Name} = {CSharpName.Camel(property.Name)}"));
        var request = $"{call.Name}.With(new() {{ {values} }})";
        if (stable.All(static property => !property.IsRequired))
        {
            var none = string.Join(" && ", stable.Select(static property => $"{CSharpName.Camel(property.Name)} is null"));
            request = $"{none} ? {call.Name}.Bare : {request}";
        }

        EmitCall(code, api, call, parameters, request);
    }

    private static void EmitCall(
        CodeWriter code, Api api, CommandCall call, IReadOnlyList<(string Name, string Type, string Summary, bool IsOptional)> parameters,
        string request)
    {
        var client = api.Target.ClientType;
        code.Line();
        code.Summary(call.Summary);
        code.Line($"/// <param name=\"client\">{api.Target.ClientSummary}</param>");
        foreach (var (name, _, summary, _) in parameters)
            code.Line($"/// <param name=\"{name.TrimStart('@')}\">{summary}</param>");
        code.Line("/// <param name=\"cancellationToken\">Stops waiting; a command that was sent may still be executed.</param>");
        code.Line($"/// <returns>{(call.Result is null ? "A task that completes when it has been executed" : "The answer")}.</returns>");
        var core = $"{client}.ExecuteAsync{{TResult}}(QmpRequest{{TResult}}, CancellationToken)";
        code.Line($"/// <inheritdoc cref=\"{core}\" path=\"/exception\"/>");
        foreach (var attribute in call.Attributes)
            code.Line(attribute);
        var task = call.Result is null ? "Task" : $"Task<{call.Result}>";
        var list = string.Concat(parameters.Select(static one => $"{one.Type} {one.Name}{(one.IsOptional ? " = null" : "")}, "));
        code.Line($"public static {task} {call.Name}Async(this {client} client, {list}CancellationToken cancellationToken = default) =>");
        code.Continue($"client.ThrowIfNull().ExecuteAsync({request}, cancellationToken);");
    }

    private sealed record CommandCall(string Name, string Summary, string? Result, IReadOnlyList<string> Attributes);
}
