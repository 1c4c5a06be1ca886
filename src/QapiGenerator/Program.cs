using QapiGenerator.Emit;
using QapiGenerator.Schema;

namespace QapiGenerator;

/// <summary>Reads QEMU's schema and writes the typed client of QmpBackup.Qmp.</summary>
internal static class Program
{
    // The version whose source cannot be had: only what it has in addition is known.
    private const string Added = "11.1";

    private const string Usage = """
        Usage: QapiGenerator OUTPUT VERSION=FOLDER...
               QapiGenerator public-api PROJECT LOG

        OUTPUT is the folder for the C# files, src/QmpBackup.Qmp/Qapi. Each FOLDER holds the source of a QEMU: qapi/*.json and
        qga/qapi-schema.json. Name the oldest first: the last one counts, and what it no longer has is kept and marked.
        docs/qapi-coverage.md is written if the working directory has a folder docs.

        public-api adds to the public API files of PROJECT, a folder, what LOG misses in them: the error log of a build.
        """;

    public static int Main(string[] arguments)
    {
        if (arguments is ["public-api", var project, var log])
        {
            PublicApi.Write(project, log);
            return 0;
        }

        if (arguments.Length < 2 || !arguments.Skip(1).All(static source => source.Contains('=', StringComparison.Ordinal)))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        List<(string Version, string Folder)> sources =
            [.. arguments.Skip(1).Select(static source => source.Split('=', 2)).Select(static parts => (parts[0], parts[1]))];
        var facts = Path.Combine(AppContext.BaseDirectory, "Facts");
        var client = new Api(
            Read(sources, "qapi/qapi-schema.json", Path.Combine(facts, "additions.json")),
            Overrides.Read(Path.Combine(facts, "overrides.json")), ApiTarget.Client);
        var agent = new Api(
            Read(sources, "qga/qapi-schema.json", additions: null),
            Overrides.Read(Path.Combine(facts, "overrides-agent.json")), ApiTarget.Agent);
        Write(arguments[0], ModuleEmitter.Emit(client));
        Write(arguments[0], ModuleEmitter.Emit(agent));
        if (Directory.Exists("docs"))
        {
            File.WriteAllText("docs/qapi-coverage.md",
                Coverage.Table([.. sources.Select(static source => source.Version)], Added, client, agent));
        }

        return 0;
    }

    private static QapiSchema Read(List<(string Version, string Folder)> sources, string path, string? additions)
    {
        List<QapiSchema> schemas = [.. sources.Select(source => QapiSchemaReader.Read(source.Version, Path.Combine(source.Folder, path)))];
        if (additions is not null)
            schemas[^1] = QapiMerge.Add(schemas[^1], QapiSchemaReader.ReadAdditions(Added, File.ReadAllText(additions), additions));
        return QapiMerge.Merge([.. schemas.Select(QapiBases.Flatten)]);
    }

    private static void Write(string folder, SortedDictionary<string, string> files)
    {
        Directory.CreateDirectory(folder);
        foreach (var (name, text) in files)
            File.WriteAllText(Path.Combine(folder, name), text);
    }
}
