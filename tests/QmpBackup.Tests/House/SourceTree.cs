using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace QmpBackup.Tests.House;

/// <summary>A hand-written source file of a project in src.</summary>
/// <param name="Path">Relative to the project's folder.</param>
/// <param name="Text">As it is stored.</param>
internal sealed partial record SourceFile(string Path, string Text)
{
    /// <summary>The folder relative to the project's folder; "." for the root.</summary>
    public string Folder { get; } = System.IO.Path.GetDirectoryName(Path) is { Length: > 0 } folder ? folder : ".";

    public IReadOnlyList<string> Lines => Text.TrimEnd('\n').Split('\n');

    /// <summary>The types that are declared at the top level of the file.</summary>
    public IEnumerable<string> Types => Declaration().Matches(Text).Select(m => m.Groups[1].Value);

    /// <summary>The words of the code that can name a type: no comments, no strings and no members.</summary>
    public ISet<string> Words => TypeWord().Matches(Literal().Replace(Comment().Replace(Text, ""), "")).Select(m => m.Value).ToHashSet();

    /// <summary>Reads the files of a project.</summary>
    public static IReadOnlyList<SourceFile> Of(string project)
    {
        var root = System.IO.Path.Combine(Root(), "src", project);
        return
        [
            .. Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
                .Select(path => new SourceFile(System.IO.Path.GetRelativePath(root, path), File.ReadAllText(path)))
                .Where(file => !file.Path.StartsWith("obj/", StringComparison.Ordinal) && !file.Path.StartsWith("bin/", StringComparison.Ordinal))
                .OrderBy(file => file.Path, StringComparer.Ordinal),
        ];
    }

    /// <summary>Reads all hand-written source files and all documents, with paths relative to the root.</summary>
    public static IReadOnlyList<SourceFile> AllTexts()
    {
        var root = Root();
        string[] places = ["src", "docs"];
        return
        [
            .. places.SelectMany(place => Directory.EnumerateFiles(System.IO.Path.Combine(root, place), "*", SearchOption.AllDirectories))
                .Append(System.IO.Path.Combine(root, "README.md"))
                .Select(path => System.IO.Path.GetRelativePath(root, path))
                .Where(path => System.IO.Path.GetExtension(path) is ".cs" or ".md" && !path.Split('/').Any(part => part is "obj" or "bin" or "Qapi"))
                .Select(path => new SourceFile(path, File.ReadAllText(System.IO.Path.Combine(root, path)))),
        ];
    }

    // The tests run next to their sources. A CI build maps paths, so the search starts at the folder of the program.
    internal static string Root([CallerFilePath] string here = "")
    {
        foreach (var start in new[] { AppContext.BaseDirectory, here })
        {
            for (var folder = System.IO.Path.GetDirectoryName(start); folder is not null; folder = System.IO.Path.GetDirectoryName(folder))
            {
                if (File.Exists(System.IO.Path.Combine(folder, "QmpBackup.sln")))
                    return folder;
            }
        }

        throw new DirectoryNotFoundException("QmpBackup.sln is in no folder above the tests.");
    }

    [GeneratedRegex(@"^(?:public |internal )?(?:[a-z]+ )*?(?:class|struct|record|interface|enum|delegate) +(?:struct +|class +)?([A-Z]\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"(?<![.\w])[A-Z]\w*")]
    private static partial Regex TypeWord();

    [GeneratedRegex(@"//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex("\"(\\\\.|[^\"\\\\\n])*\"")]
    private static partial Regex Literal();
}
