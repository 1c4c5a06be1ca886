namespace QmpBackup.Benchmarks;

/// <summary>
/// <c>qbackup run</c>, the native binary, of a real QEMU's disk of very many extents: every other one data, of 4 KiB. What counts is the
/// peak of memory and the time to the first byte of data in the repository. Most of the data is zeroes that the map reports as data, so
/// they are read but a target of tens of GiB is not needed. bin= names the binary; extents=, gib= the source; dir= should be a tmpfs.
/// </summary>
internal static class ExtentsBenchmark
{
    private const int DataSize = 4096;
    private const int NonZeroEvery = 512;

    internal static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        var gibibytes = arguments.Number("gib", 16384);
        var extents = arguments.Number("extents", 1_000_000);
        var program = arguments.Text("bin", "qbackup");
        var directory = Lab.Folder(arguments, "extents");
        try
        {
            var source = Path.Combine(directory, "source.raw");
            Fill(source, (long)gibibytes << 30, extents / 2);
            var repository = Path.Combine(directory, "repo");
            await using var vm = await BenchVm.StartAsync(directory, source, "raw");
            var result = await CommandProcess.RunAsync(program, ["run", "--qmp", vm.Endpoint, "--repo", repository, "--scratch-dir", directory, "--quiet"],
                () => Directory.Exists(repository) && Directory.EnumerateFiles(repository, "*.qcow2", SearchOption.AllDirectories).Any(HasData));
            Console.WriteLine(FormattableString.Invariant(
                $"run of {gibibytes} GiB, {extents} extents: {result.Seconds:F1} s, first byte after {result.FirstByte:F2} s, peak memory {result.Memory:F0} MiB, of qemu-nbd {result.ChildMemory:F0} MiB"));
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    // All data has this mark; qcow2's own metadata of an empty image does not.
    private static bool HasData(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
        var block = new byte[1 << 20];
        return file.Length > 4 * 65536 && block.AsSpan(0, file.Read(block)).IndexOf("qbackup-benchmark"u8) >= 0;
    }

    private static void Fill(string path, long size, int count)
    {
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.SetLength(file, size);
        var (zero, data) = (new byte[DataSize], new byte[DataSize]);
        "qbackup-benchmark"u8.CopyTo(data);
        var stride = size / count / DataSize * DataSize;
        for (var i = 0L; i < count; i++)
            RandomAccess.Write(file, i % NonZeroEvery == 0 ? data : zero, i * stride);
    }
}
