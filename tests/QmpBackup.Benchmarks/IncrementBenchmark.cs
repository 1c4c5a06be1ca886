namespace QmpBackup.Benchmarks;

/// <summary>
/// An increment from end to end: <c>qbackup run</c>, the native binary, of a real QEMU's disk of which a share changed in places of 64 KiB,
/// against <c>nbdcopy --flush</c> of the whole point in time that the same QEMU exports, into a fresh qcow2 behind qemu-nbd. Other
/// programs' ratios to nbdcopy are known only for a whole copy: those of the same full backup are measured too. bin= names the binary;
/// mib=, percent= (of data), dirty= (per mille) the disk.
/// </summary>
internal static class IncrementBenchmark
{
    internal static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        var mebibytes = arguments.Number("mib", 10240);
        var percent = arguments.Number("percent", 50);
        var dirty = arguments.Number("dirty", 50);
        var rounds = arguments.Number("rounds", 3);
        var program = arguments.Text("bin", "qbackup");
        var directory = Lab.Folder(arguments, "increment");
        try
        {
            var source = Path.Combine(directory, "source.qcow2");
            await Lab.TimeAsync(
                "qemu-img", "convert", "-f", "raw", "-O", "qcow2", await Lab.SourceAsync(directory, mebibytes, percent), source);
            File.Delete(Path.Combine(directory, "source.raw"));
            await using var vm = await BenchVm.StartAsync(directory, source, "qcow2");
            string[] run = ["run", "--qmp", vm.Endpoint, "--repo", Path.Combine(directory, "repo"), "--scratch-dir", directory, "--quiet"];
            var full = await CommandProcess.RunAsync(program, run);
            var (ours, reference) = (new List<double>(), new List<double>());
            var count = (long)mebibytes * 16 * dirty / 1000;
            var stride = ((long)mebibytes << 20) / count / 65536 * 65536;
            var memory = full.Memory;
            for (var round = 0; round < rounds; round++)
            {
                await vm.WriteAsync(Enumerable.Range(0, (int)count).Select(i => i * stride), (byte)(round + 1));
                var increment = await CommandProcess.RunAsync(program, run);
                ours.Add(increment.Seconds);
                memory = Math.Max(memory, increment.Memory);
                reference.Add(await NbdcopyAsync(program, vm, directory, mebibytes));
            }

            Lab.Compare($"increment of {dirty / 10.0} % of {mebibytes} MiB ({percent} % data), {rounds} rounds", "qbackup run", ours,
                "nbdcopy, whole", reference);
            Console.WriteLine(FormattableString.Invariant(
                $"  full run         {full.Seconds:F3} s, {full.Seconds / Lab.Median(reference):F3} of nbdcopy; peak memory {memory:F0} MiB"));
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    // The point in time is opened and closed by qbackup outside of what is measured: nbdcopy only copies.
    private static async Task<double> NbdcopyAsync(string program, BenchVm vm, string directory, int mebibytes)
    {
        var export = Path.Combine(directory, "x");
        await CommandProcess.RunAsync(
            program, ["start", "--qmp", vm.Endpoint, "--level", "copy", "--scratch-dir", directory, "--nbd", "unix:" + export]);
        try
        {
            return await PullBenchmark.NbdcopyAsync(directory, export, mebibytes, "a");
        }
        finally
        {
            await CommandProcess.RunAsync(program, ["abort", "--qmp", vm.Endpoint]);
        }
    }
}
