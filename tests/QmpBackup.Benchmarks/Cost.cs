using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace QmpBackup.Benchmarks;

/// <summary>What a piece of work took.</summary>
/// <param name="Seconds">Wall-clock time.</param>
/// <param name="Processor">Processor time of this process and of the programs that it started and that ended, user and system.</param>
internal readonly partial record struct Cost(double Seconds, double Processor)
{
    private const int Self = 0;
    private const int Children = -1;

    /// <summary>Measures a piece of work. What it started has to end within it.</summary>
    internal static async Task<Cost> OfAsync(Func<Task> work)
    {
        var (watch, before) = (Stopwatch.StartNew(), ProcessorTime());
        await work();
        return new Cost(watch.Elapsed.TotalSeconds, ProcessorTime() - before);
    }

    private static double ProcessorTime() => TimeOf(Self) + TimeOf(Children);

    private static double TimeOf(int who)
    {
        _ = Getrusage(who, out var usage);
        return usage.UserSeconds + usage.SystemSeconds + ((usage.UserMicroseconds + usage.SystemMicroseconds) / 1e6);
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int Getrusage(int who, out Usage usage);

    [StructLayout(LayoutKind.Sequential, Size = 144)]
    private struct Usage
    {
        public long UserSeconds;
        public long UserMicroseconds;
        public long SystemSeconds;
        public long SystemMicroseconds;
    }
}

/// <summary>Two ways to do the same, measured in turns.</summary>
/// <param name="title">What is done.</param>
/// <param name="peer">Who else does it.</param>
internal sealed class Duel(string title, string peer)
{
    private readonly List<(Cost Own, Cost Other)> _pairs = [];

    /// <summary>Adds one round.</summary>
    internal void Add(Cost own, Cost other) => _pairs.Add((own, other));

    /// <summary>Prints the medians, and the medians of the ratios of the pairs. Puts them into the table where one is named.</summary>
    /// <param name="arguments">The benchmark's.</param>
    /// <param name="isWallOnly">Whether the other one's processor time is not known, as QEMU does its work.</param>
    internal void Report(Arguments arguments, bool isWallOnly = false)
    {
        Report(arguments, "wall", c => c.Seconds);
        if (!isWallOnly)
            Report(arguments, "CPU", c => c.Processor);
    }

    private void Report(Arguments arguments, string kind, Func<Cost, double> of)
    {
        string Text(double seconds) => seconds.ToString("F2", CultureInfo.InvariantCulture) + " s";
        var (own, other) = (Lab.Median(_pairs.Select(p => of(p.Own))), Lab.Median(_pairs.Select(p => of(p.Other))));
        var ratio = Lab.Median(_pairs.Select(p => of(p.Own) / of(p.Other))).ToString("F2", CultureInfo.InvariantCulture);
        Console.WriteLine($"{title}: {kind} {Text(own)}, {peer} {Text(other)}, ratio {ratio}");
        ResultTable.Put(arguments, $"{title}: {kind}", Text(own), $"{peer}: {Text(other)}", ratio);
    }
}
