namespace QmpBackup.Tests.House;

/// <summary>The folders of a project are layers: each may use only the folders that are listed for it.</summary>
public class LayerTests
{
    // For each folder, what it may use. docs/architecture.md shows the same as a picture.
    private static readonly Dictionary<string, Dictionary<string, string[]>> Layers = new()
    {
        ["QmpBackup"] = new()
        {
            ["Model"] = [],
            ["Host"] = ["Model"],
            ["Observing"] = ["Model", "Host"],
            ["Planning"] = ["Model"],
            ["Execution"] = ["Model", "Host", "Planning"],
            ["Hashes"] = ["Model", "Host"],
            ["Transfer"] = ["Model", "Host", "Hashes"],
            ["Repository/Signatures"] = ["Model", "Host"],
            ["Repository"] = ["Model", "Host", "Hashes", "Transfer", "Repository/Signatures"],
            ["Repository/Retention"] = ["Model", "Host", "Hashes", "Transfer", "Repository/Signatures", "Repository"],
            ["Repository/Operations"] =
                ["Model", "Host", "Hashes", "Transfer", "Repository/Signatures", "Repository", "Repository/Retention"],
            ["."] =
            [
                "Model", "Host", "Observing", "Planning", "Execution", "Hashes", "Transfer",
                "Repository/Signatures", "Repository", "Repository/Retention", "Repository/Operations",
            ],
        },
        ["QmpBackup.Cli"] = Order(
            "Terminal", "Json", "Settings", "Errors", "Logging", "Running", "Help", "Rendering", "Options", "Commands", "."),
        ["QmpBackup.Nbd"] = Order("Protocol", "Options", "Transport", "Handshake", "Transmission", "."),
        ["QmpBackup.Qmp"] = Order(
            "Serialization", "Framing", "Exceptions", "Transport", "Requests", "Schema", "Events", "Qapi", "GuestAgent", "Client"),
        ["QapiGenerator"] = Order("Schema", "Emit", "."),
    };

    // Each uses any of those before it.
    private static Dictionary<string, string[]> Order(params string[] folders) =>
        folders.Index().ToDictionary(f => f.Item, f => folders[..f.Index]);

    public static TheoryData<string> Projects => [.. Layers.Keys];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_folder_uses_only_the_layers_below_it(string project)
    {
        var layers = Layers[project];
        var files = SourceFile.Of(project);
        files.Select(f => f.Folder).Distinct().Should().BeSubsetOf(layers.Keys, "a new folder gets its place among the layers");
        var homes = files.SelectMany(f => f.Types.Select(t => (Type: t, f.Folder))).GroupBy(t => t.Type).ToDictionary(g => g.Key, g => g.Select(t => t.Folder).ToHashSet());

        var wrong =
            from file in files
            from word in file.Words
            where homes.TryGetValue(word, out var folders) && !folders.Contains(file.Folder) && !folders.Overlaps(layers[file.Folder])
            select $"{file.Path} uses {word} of {string.Join(", ", homes[word])}";

        wrong.Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void The_layers_have_no_cycles(string project)
    {
        var layers = Layers[project];
        var done = new HashSet<string>();
        while (layers.Keys.FirstOrDefault(l => !done.Contains(l) && layers[l].All(done.Contains)) is { } next)
            done.Add(next);

        done.Should().BeEquivalentTo(layers.Keys);
    }
}
