using System.Text.RegularExpressions;

namespace QmpBackup.Testing;

/// <summary>Looks into a raw image of an ext4 file system without mounting it.</summary>
public static partial class Ext4Image
{
    /// <summary>Whether the journal has to be replayed. A frozen file system never needs that.</summary>
    public static async Task<bool> NeedsRecoveryAsync(string path)
    {
        var result = (await CommandRunner.RunAsync(Tool("dumpe2fs"), ["-h", path])).EnsureSuccess();
        return result.Stdout.Contains("needs_recovery", StringComparison.Ordinal);
    }

    /// <summary>The exit code and output of e2fsck -fn, which skips the journal: 0 alone proves nothing.</summary>
    public static Task<CommandResult> CheckAsync(string path) => CommandRunner.RunAsync(Tool("e2fsck"), ["-fn", path]);

    /// <summary>Replays the journal of a copy and leaves it clean; returns the path of the copy.</summary>
    public static async Task<string> ReplayAsync(string path)
    {
        var copy = path + ".replayed";
        File.Copy(path, copy, true);
        var result = await CommandRunner.RunAsync(Tool("e2fsck"), ["-fy", copy]);

        // 1: errors corrected, which a replay may count as.
        return result.ExitCode is 0 or 1 ? copy : throw new InvalidOperationException(result.ToString());
    }

    /// <summary>Reads a file of the image with debugfs.</summary>
    public static async Task<string> ReadFileAsync(string path, string file)
    {
        var result = (await CommandRunner.RunAsync(Tool("debugfs"), ["-R", "cat " + file, path])).EnsureSuccess();
        return result.Stdout;
    }

    /// <summary>The number of the last record of the writer's log, after checking that there is no gap.</summary>
    public static async Task<int> LastRecordAsync(string path)
    {
        var numbers = RecordPattern().Matches(await ReadFileAsync(path, "/log")).Select(match => int.Parse(match.Groups[1].ValueSpan)).ToList();
        for (var i = 0; i < numbers.Count; i++)
        {
            if (numbers[i] != i + 1)
                throw new InvalidDataException($"{path}: record {i + 1} of the log is number {numbers[i]}.");
        }

        return numbers.Count;
    }

    private static string Tool(string name) =>
        CommandRunner.Find(name) ?? throw new FileNotFoundException($"{name} is not installed; tests/run.sh installs it (e2fsprogs).");

    [GeneratedRegex(@"^rec (\d+)$", RegexOptions.Multiline)]
    private static partial Regex RecordPattern();
}
