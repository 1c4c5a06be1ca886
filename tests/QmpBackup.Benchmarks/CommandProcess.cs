using System.Diagnostics;
using System.Globalization;

namespace QmpBackup.Benchmarks;

/// <summary>The native command, as <c>dotnet publish src/QmpBackup.Cli -p:PublishAot=true</c> makes it, and what memory it takes.</summary>
internal static class CommandProcess
{
    /// <summary>Runs the command. Its qemu-nbd children are measured too.</summary>
    /// <param name="program">The binary.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="isBegun">Whether the event to wait for has happened; null to wait for nothing.</param>
    /// <returns>Seconds; peak memory of the command and of its largest child, in MiB; seconds until the event.</returns>
    internal static async Task<(double Seconds, double Memory, double ChildMemory, double FirstByte)> RunAsync(string program, string[] arguments, Func<bool>? isBegun = null)
    {
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var (stdout, stderr) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        var (own, child, first) = (0.0, 0.0, 0.0);
        var exit = process.WaitForExitAsync();
        while (!exit.IsCompleted)
        {
            if (first == 0 && isBegun?.Invoke() == true)
                first = watch.Elapsed.TotalSeconds;
            own = Math.Max(own, Peak(process.Id));
            foreach (var one in Children(process.Id))
                child = Math.Max(child, Peak(one));
            await Task.WhenAny(exit, Task.Delay(first == 0 && isBegun is not null ? 2 : 20));
        }

        var seconds = watch.Elapsed.TotalSeconds;
        await stdout;
        return process.ExitCode == 0 ? (seconds, own, child, first) : throw new InvalidOperationException($"{program} failed with {process.ExitCode}: {await stderr}");
    }

    private static IEnumerable<int> Children(int pid)
    {
        try
        {
            return [.. Directory.EnumerateDirectories($"/proc/{pid}/task").SelectMany(task => File.ReadAllText(task + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static double Peak(int pid)
    {
        try
        {
            var line = File.ReadLines($"/proc/{pid}/status").FirstOrDefault(l => l.StartsWith("VmHWM", StringComparison.Ordinal));
            return line is null ? 0 : double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
