using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Pulling;

/// <summary>Real failures of system calls, injected by strace.</summary>
internal static class InjectedFaults
{
    private static string Strace =>
        CommandRunner.Find("strace") ?? throw new FileNotFoundException("strace is not installed; tests/run.sh installs it.");

    /// <summary>A wrapper that runs a program with failing system calls.</summary>
    /// <param name="directory">Where to put it.</param>
    /// <param name="program">The program's name.</param>
    /// <param name="fault">What strace injects: CALLS:error=EIO:when=N+</param>
    /// <returns>The wrapper's path. Its file name is the program's.</returns>
    public static string Wrap(TestDirectory directory, string program, string fault)
    {
        var path = Path.Combine(directory.Folder("wrapped-" + Guid.NewGuid().ToString("N")), program);
        // With -D the program keeps the process id, and so receives its signals.
        File.WriteAllText(
            path, $"#!/bin/sh\nexec '{Strace}' -D -f -qq -o /dev/null -e 'inject={fault}' '{CommandRunner.Find(program)}' \"$@\"\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }

    /// <summary>Runs qbackup with system calls that fail, in qbackup and in the programs that it starts.</summary>
    /// <param name="fault">What strace injects.</param>
    /// <param name="paths">The files concerned; none for all.</param>
    /// <param name="arguments">qbackup's arguments.</param>
    public static async Task<CommandResult> RunAsync(string fault, IEnumerable<string> paths, params string[] arguments)
    {
        var options = new CommandOptions { Environment = new Dictionary<string, string?> { ["NO_COLOR"] = "1" } };
        return await CommandRunner.RunAsync(Strace,
            ["-f", "-qq", "-o", "/dev/null", .. paths.SelectMany(p => new[] { "-P", p }), "-e", "inject=" + fault, .. Qbackup.Program,
                .. arguments],
            options, TestContext.Current.CancellationToken);
    }

    /// <summary>Makes system calls of a running program fail until it is disposed.</summary>
    /// <param name="processId">The program.</param>
    /// <param name="fault">What strace injects.</param>
    /// <param name="path">The file concerned.</param>
    public static async Task<RunningCommand> AttachAsync(int processId, string fault, string path)
    {
        var strace = RunningCommand.Start(Strace, ["-f", "-o", "/dev/null", "-P", path, "-p",
            processId.ToString(System.Globalization.CultureInfo.InvariantCulture), "-e", "inject=" + fault]);
        await strace.Stderr.WaitForAsync(
            line => line.Contains("attached", StringComparison.Ordinal), cancellationToken: TestContext.Current.CancellationToken);
        return strace;
    }
}
