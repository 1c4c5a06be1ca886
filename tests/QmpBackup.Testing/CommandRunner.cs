namespace QmpBackup.Testing;

/// <summary>Runs processes to their end.</summary>
public static class CommandRunner
{
    /// <summary>Runs a process to its end, whatever its exit code.</summary>
    public static async Task<CommandResult> RunAsync(
        string file,
        IEnumerable<string> arguments,
        CommandOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        await using var command = RunningCommand.Start(file, arguments, options);
        return await command.WaitAsync(cancellationToken);
    }

    /// <summary>Runs a process which has to succeed.</summary>
    public static async Task<CommandResult> RunCheckedAsync(string file, params string[] arguments) =>
        (await RunAsync(file, arguments, null)).EnsureSuccess();

    /// <summary>The path of a program on PATH (or in the sbin folders), or null.</summary>
    public static string? Find(string program)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return folders.Concat(["/usr/sbin", "/sbin"]).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
    }
}
