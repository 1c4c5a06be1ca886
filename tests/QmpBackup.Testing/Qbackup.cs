namespace QmpBackup.Testing;

/// <summary>The built command: a native binary named by QBACKUP_BIN, else qbackup.dll beside the tests or in the build output.</summary>
public static class Qbackup
{
    private static readonly Lazy<(string File, string[] Leading)> Located = new(Locate);

    /// <summary>Starts qbackup without waiting for its end. Colours and QBACKUP_* settings of the environment are taken away.</summary>
    public static RunningCommand Start(IEnumerable<string> arguments, CommandOptions? options = null)
    {
        options ??= new CommandOptions();
        var environment = new Dictionary<string, string?> { ["NO_COLOR"] = "1", ["DOTNET_gcServer"] = "0" };
        foreach (var name in new[] { "QMP", "AGENT", "REPO", "SCRATCH_DIR" })
            environment["QBACKUP_" + name] = null;
        foreach (var (name, value) in options.Environment)
            environment[name] = value;
        var (file, leading) = Located.Value;
        return RunningCommand.Start(file, leading.Concat(arguments), options with { Environment = environment });
    }

    /// <summary>The program and its leading arguments, to be run by something else, such as strace.</summary>
    public static IReadOnlyList<string> Program => [Located.Value.File, .. Located.Value.Leading];

    /// <summary>Runs qbackup to its end.</summary>
    public static async Task<CommandResult> RunAsync(
        IEnumerable<string> arguments,
        CommandOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        await using var command = Start(arguments, options);
        return await command.WaitAsync(cancellationToken);
    }

    /// <summary>Runs qbackup to its end.</summary>
    public static Task<CommandResult> RunAsync(params string[] arguments) => RunAsync(arguments, null);

    private static (string File, string[] Leading) Locate()
    {
        if (Environment.GetEnvironmentVariable("QBACKUP_BIN") is { Length: > 0 } binary)
            return File.Exists(binary) ? (binary, []) : throw new FileNotFoundException($"QBACKUP_BIN names no file: {binary}");
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var beside = Path.Combine(AppContext.BaseDirectory, "qbackup.dll");
        if (File.Exists(beside) && File.Exists(Path.ChangeExtension(beside, ".runtimeconfig.json")))
            return (dotnet, [beside]);
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var output = Path.Combine(folder.FullName, "src", "QmpBackup.Cli", "bin");
            if (!Directory.Exists(output))
                continue;
            var newest = Directory.EnumerateFiles(output, "qbackup.dll", SearchOption.AllDirectories).MaxBy(File.GetLastWriteTimeUtc);
            if (newest is not null)
                return (dotnet, [newest]);
        }

        throw new FileNotFoundException("qbackup is not built: neither QBACKUP_BIN nor qbackup.dll was found.");
    }
}
