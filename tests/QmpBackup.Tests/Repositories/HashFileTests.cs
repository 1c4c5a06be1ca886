using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Repositories.Hashes;
using QmpBackup.Testing;

namespace QmpBackup.Tests.Repositories;

public sealed partial class HashFileTests
{
    private const long Blocks = 1L << 28;

    private static void Write(string path, Action<HashFileWriter> write)
    {
        using var writer = HashFileWriter.Create(path, Blocks * HashBlock.Size);
        write(writer);
        writer.Commit();
    }

    [Fact]
    public async Task Layers_are_read_as_the_topmost_that_says_something()
    {
        await using var folder = TestDirectory.Create();
        var (lower, upper) = (folder.File("lower"), folder.File("upper"));
        Write(lower, w =>
        {
            for (var block = 10; block < 5000; block++) w.Add(block, (UInt128)block);
        });
        Write(upper, w =>
        {
            w.AddZeroes(20, 10);
            w.Add(30, 7);
            w.Add(4000, 8);
        });
        using var layers = HashLayers.Open([upper, lower]);
        var seen = new List<(HashKind Kind, long First, long End, int Layer)>();
        for (long block = 0; block < Blocks;)
        {
            var run = layers.At(block);
            var end = Math.Min(run.End, Blocks);
            if (run.Kind == HashKind.Data)
            {
                for (var one = block; one < end; one++) run.Hashes![one].Should().Be(one == 30 ? 7 : one == 4000 ? 8 : (UInt128)one);
            }

            if (seen is [.., var last] && last.Kind == run.Kind && last.Layer == run.Layer) seen[^1] = last with { End = end };
            else seen.Add((run.Kind, block, end, run.Layer));
            block = end;
        }

        seen.Should().Equal(
            (HashKind.Inherited, 0, 10, -1), (HashKind.Data, 10, 20, 1), (HashKind.Zero, 20, 30, 0), (HashKind.Data, 30, 31, 0), (HashKind.Data, 31, 4000, 1),
            (HashKind.Data, 4000, 4001, 0), (HashKind.Data, 4001, 5000, 1), (HashKind.Inherited, 5000, Blocks, -1));
    }

    [Fact]
    public async Task What_is_continued_is_as_if_it_had_never_been_cut_off()
    {
        await using var folder = TestDirectory.Create();
        var (whole, cut) = (folder.File("whole"), folder.File("cut"));
        string digest;
        using (var writer = HashFileWriter.Create(whole, 1 << 30))
        {
            writer.Add(1, 1);
            writer.Commit();
            writer.AddZeroes(5, 100);
            writer.Commit();
            digest = writer.Digest;
        }

        long length;
        using (var writer = HashFileWriter.Create(cut, 1 << 30))
        {
            writer.Add(1, 1);
            length = writer.Commit();
            writer.Add(77, 1);
            writer.Commit();
        }

        using (var writer = HashFileWriter.Continue(cut, length))
        {
            writer.AddZeroes(5, 100);
            writer.Commit();
            writer.Digest.Should().Be(digest);
        }

        HashFileReader.DigestOf(cut).Should().Be(digest);
        (await File.ReadAllBytesAsync(cut, TestContext.Current.CancellationToken)).Should().Equal(await File.ReadAllBytesAsync(whole, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Whatever_is_broken_in_a_file_is_noticed_and_nothing_is_read_beyond_bounds()
    {
        await using var folder = TestDirectory.Create();
        var path = folder.File("h");
        using (var writer = HashFileWriter.Create(path, 1 << 30))
        {
            writer.Add(1, 1);
            writer.AddZeroes(5, 100);
            writer.Commit();
        }

        var good = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        var random = new Random(1);
        for (var i = 0; i < 500; i++)
        {
            byte[] bad = [.. good[..random.Next(1, good.Length + 1)]];
            bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(path, bad, TestContext.Current.CancellationToken);
            try
            {
                using var reader = HashFileReader.Open(path);
                while (reader.End != long.MaxValue) reader.SeekTo(Math.Max(reader.End, 0));
            }
            catch (InvalidDataException)
            {
                // That is how it is told.
            }
        }
    }

    [Fact]
    public async Task A_disk_that_was_full_for_a_moment_makes_no_file_that_passes_for_whole()
    {
        Assert.SkipUnless(TestDirectory.CanMount, "mounting a small tmpfs needs root");
        await using var folder = TestDirectory.Create();
        var small = await folder.MountTmpfsAsync("small", 1 << 20);
        using var writer = HashFileWriter.Create(Path.Combine(small, "hashes"), Blocks * HashBlock.Size);
        var filler = Path.Combine(small, "filler");
        await File.WriteAllBytesAsync(filler, new byte[512 << 10], TestContext.Current.CancellationToken);
        var block = 0L;
        var fill = () =>
        {
            while (true) writer.Add(block++, (UInt128)block);
        };
        fill.Should().Throw<IOException>();
        File.Delete(filler);
        writer.Invoking(w => w.Commit()).Should().Throw<IOException>();
        writer.Invoking(w => w.Commit()).Should().Throw<IOException>();
    }

    [Fact]
    public async Task What_could_not_be_flushed_once_is_not_safe_for_being_flushed_again()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "descriptors are found in /proc");
        await using var folder = TestDirectory.Create();
        var path = folder.File("hashes");
        using var writer = HashFileWriter.Create(path, Blocks * HashBlock.Size);
        writer.Add(1, 1);
        var file = Directory.EnumerateFileSystemEntries("/proc/self/fd").Where(fd => new FileInfo(fd).LinkTarget == path).Select(fd => int.Parse(Path.GetFileName(fd), CultureInfo.InvariantCulture)).Single();

        // Takes what is written and refuses to be flushed, as a file does whose writeback failed.
        using var lossy = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite);
        var kept = Duplicate(file);
        Replace((int)lossy.DangerousGetHandle(), file).Should().Be(file);
        writer.Invoking(w => w.Commit()).Should().Throw<IOException>();
        Replace(kept, file).Should().Be(file);
        using var closed = new SafeFileHandle(kept, ownsHandle: true);

        writer.Invoking(w => w.Commit()).Should().Throw<IOException>("the second fsync succeeds, and what the first one lost is lost");
    }

    [LibraryImport("libc", EntryPoint = "dup")]
    private static partial int Duplicate(int descriptor);

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Replace(int from, int to);
}
