using QmpBackup.Benchmarks;

var benchmarks = new Dictionary<string, Func<string[], Task<int>>>(StringComparer.Ordinal)
{
    ["freeze"] = FreezeBenchmark.RunAsync,
    ["nbd-read"] = NbdReadBenchmark.RunAsync,
    ["pull"] = PullBenchmark.RunAsync,
    ["pull-sparse"] = SparseBenchmark.RunAsync,
    ["restore"] = RestoreBenchmark.RunAsync,
};

if (args.Length > 0 && benchmarks.TryGetValue(args[0], out var benchmark))
    return await benchmark(args[1..]);
Console.Error.WriteLine($"usage: QmpBackup.Benchmarks {string.Join('|', benchmarks.Keys)} [name=value ...]");
return 2;
