using QmpBackup.Qmp;

namespace QmpBackup.Benchmarks;

/// <summary>
/// A verification of a chain of many points, every block compared with its hash: how much it takes for each GB that is stored, and whether
/// that grows with the length of the chain. points=, mib= of the full backup, changed= MiB of each increment.
/// </summary>
internal static class ChainBenchmark
{
    internal static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        var points = arguments.Number("points", 100);
        var mebibytes = arguments.Number("mib", 80);
        var changed = arguments.Number("changed", 1);
        var directory = Lab.Folder(arguments, "chain");
        try
        {
            var source = Path.Combine(directory, "source.qcow2");
            await Lab.TimeAsync("qemu-img", "convert", "-f", "raw", "-O", "qcow2", await Lab.SourceAsync(directory, mebibytes, 100), source);
            var repository = BackupRepository.Open(Path.Combine(directory, "repo"), create: true, trustFolders: true);
            await using (var vm = await BenchVm.StartAsync(directory, source, "qcow2"))
            {
                for (var point = 0; point < points; point++)
                {
                    await vm.WriteAsync(Enumerable.Range(0, changed * 16).Select(i => ((point * 16L) + i) % (mebibytes * 16L) << 16), (byte)point);
                    await using var workflow = await BackupWorkflow.ConnectAsync(QmpEndpoint.Parse(vm.Endpoint), null, null);
                    await new BackupRunner(repository, new PullOptions()).RunAsync(workflow, new StartRequest
                    {
                        Checkpoint = CheckpointId.Create(DateTimeOffset.UtcNow),
                        ScratchDirectory = directory,
                    });
                    if (point + 1 == points / 4 || point + 1 == points)
                        await MeasureAsync(arguments, repository, point + 1);
                }
            }

            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task MeasureAsync(Arguments arguments, BackupRepository repository, int points)
    {
        var chain = repository.GetChain("bench");
        var bytes = new DirectoryInfo(repository.Path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length);
        var costs = new List<Cost>();
        for (var round = -1; round < 3; round++)
        {
            var cost = await Cost.OfAsync(async () =>
            {
                var results = await RepositoryVerifier.VerifyAsync(chain);
                if (results.Length != points || results.Any(r => !r.IsSound))
                    throw new InvalidOperationException("The chain is not sound.");
            });
            if (round >= 0)
                costs.Add(cost);
        }

        var (wall, processor) = (Lab.Median(costs.Select(c => c.Seconds)), Lab.Median(costs.Select(c => c.Processor)));
        var rate = bytes / 1e9 / processor;
        var result = FormattableString.Invariant($"{wall:F2} s, {processor:F2} CPU s, {rate:F2} GB per CPU s");
        Console.WriteLine($"verify, {points} points, {bytes >> 20} MiB: {result}");
        ResultTable.Put(arguments, $"verify, {points} points, {bytes >> 20} MiB", result);
    }
}
