using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Hashes;
using QmpBackup.Testing;

namespace QmpBackup.Tests.Hashes;

public sealed partial class HashFileTests
{
    private const long Blocks = 1L << 28;

    private static BlockHash Hash(long of) => BlockHash.Of(BitConverter.GetBytes(of));

    private static HashSource Write(string path, long blocks, Action<HashFileWriter> write)
    {
        using var writer = HashFileWriter.Create(path, blocks * HashBlock.Size);
        write(writer);
        return new HashSource(path, writer.Complete());
    }

    [Fact]
    public async Task Each_block_is_read_from_the_topmost_layer_that_has_it()
    {
        await using var folder = TestDirectory.Create();
        var lower = Write(folder.File("lower"), Blocks, w =>
        {
            for (var block = 10; block < 5000; block++)
                w.Add(block, Hash(block));
        });
        var upper = Write(folder.File("upper"), Blocks, w =>
        {
            w.AddZeroes(20, 10);
            w.Add(30, Hash(-7));
            w.Add(4000, Hash(-8));
        });
        using var layers = HashLayers.Open([upper, lower]);
        var seen = new List<(HashKind Kind, long First, long End, int Layer)>();
        for (long block = 0; block < Blocks;)
        {
            var run = layers.At(block);
            run.First.Should().BeLessThanOrEqualTo(block);
            run.End.Should().BeInRange(block + 1, Blocks);
            if (run.Kind == HashKind.Data)
            {
                for (var one = block; one < run.End; one++)
                    run.Hashes![one].Should().Be(Hash(one == 30 ? -7 : one == 4000 ? -8 : one));
            }

            if (seen is [.., var last] && last.Kind == run.Kind && last.Layer == run.Layer)
                seen[^1] = last with { End = run.End };
            else
                seen.Add((run.Kind, block, run.End, run.Layer));
            block = run.End;
        }

        seen.Should().Equal(
            (HashKind.Inherited, 0, 10, -1), (HashKind.Data, 10, 20, 1), (HashKind.Zero, 20, 30, 0), (HashKind.Data, 30, 31, 0), (HashKind.Data, 31, 4000, 1),
            (HashKind.Data, 4000, 4001, 0), (HashKind.Data, 4001, 5000, 1), (HashKind.Inherited, 5000, Blocks, -1));
        var back = new List<(HashKind Kind, int Layer)>();
        for (var block = Blocks - 1; block >= 0;)
        {
            var run = layers.At(block);
            if (back is [] || back[^1] != (run.Kind, run.Layer))
                back.Add((run.Kind, run.Layer));
            block = run.First - 1;
        }

        back.Should().Equal(seen.Select(s => (s.Kind, s.Layer)).Where((s, i) => i == 0 || s != (seen[i - 1].Kind, seen[i - 1].Layer)).Reverse());
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(255), InlineData(256), InlineData(257), InlineData(65536), InlineData(65537), InlineData(70000)]
    public async Task Written_hashes_are_found_in_any_order(long blocks)
    {
        await using var folder = TestDirectory.Create();
        var random = new Random((int)blocks);
        var expected = new HashKind[blocks];
        var source = Write(folder.File("h"), blocks, w =>
        {
            for (long block = 0; block < blocks;)
            {
                var (kind, end) = ((HashKind)random.Next(3), Math.Min(blocks, block + (random.Next(4) == 0 ? random.Next(1, 3000) : random.Next(1, 5))));
                if (kind == HashKind.Zero)
                    w.AddZeroes(block, end - block);
                for (; block < end; block++)
                {
                    expected[block] = kind;
                    if (kind == HashKind.Data)
                        w.Add(block, Hash(block));
                }
            }
        });
        HashFileReader.Check(source);
        using var reader = HashFileReader.Open(source);
        for (var i = 0; i < Math.Min(blocks, 3000); i++)
        {
            var block = random.NextInt64(blocks);
            var run = reader.Find(block);
            run.First.Should().BeInRange(0, block);
            run.End.Should().BeInRange(block + 1, blocks);
            expected.AsSpan((int)run.First, (int)(run.End - run.First)).IndexOfAnyExcept(run.Kind).Should().Be(-1);
            if (run.Kind == HashKind.Data)
                reader[block].Should().Be(Hash(block));
        }
    }

    [Fact]
    public async Task A_disk_with_one_kind_of_block_needs_no_nodes()
    {
        await using var folder = TestDirectory.Create();
        foreach (var write in new Action<HashFileWriter>[] { _ => { }, w => w.AddZeroes(0, Blocks), w => Zeroes(w, 100_000) })
        {
            var source = Write(folder.File("h"), Blocks, write);
            new FileInfo(source.Path).Length.Should().Be(HashFileHeader.Length + HashFileHeader.RootLength);
            HashFileReader.Check(source);
        }

        static void Zeroes(HashFileWriter writer, long step)
        {
            for (long block = 0; block < Blocks; block += step)
                writer.AddZeroes(block, Math.Min(step, Blocks - block));
        }
    }

    [Theory]
    [InlineData(1), InlineData(3), InlineData(1000), InlineData(100_000)]
    public async Task A_continued_file_equals_one_written_without_interruption(int step)
    {
        await using var folder = TestDirectory.Create();
        var cut = folder.File("cut");
        var blocks = step * 40L;
        void Some(HashFileWriter writer, int part)
        {
            var block = (long)part * step;
            if (part % 3 == 0)
                writer.AddZeroes(block, step);
            for (var i = 0; i < Math.Min(step, 700) && part % 3 == 1; i++)
                writer.Add(block + i, Hash(block + i));
        }

        var whole = Write(folder.File("whole"), blocks, w =>
        {
            for (var part = 0; part < 40; part++)
                Some(w, part);
        });
        var writer = HashFileWriter.Create(cut, blocks * HashBlock.Size);
        for (var part = 0; part < 40; part++)
        {
            Some(writer, part);
            var position = writer.Commit();
            // Written after the last commit, and lost.
            if (part + 1 < 40)
                Some(writer, part + 1);
            writer.Dispose();
            writer = HashFileWriter.Continue(cut, blocks * HashBlock.Size, position);
        }

        using (writer)
            writer.Complete().Should().Be(whole.Digest);
        (await File.ReadAllBytesAsync(cut, TestContext.Current.CancellationToken)).Should().Equal(await File.ReadAllBytesAsync(whole.Path, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Writing_does_not_continue_from_a_changed_position()
    {
        await using var folder = TestDirectory.Create();
        var path = folder.File("h");
        HashPosition position;
        using (var writer = HashFileWriter.Create(path, Blocks * HashBlock.Size))
        {
            for (var block = 0; block < 70_000; block++)
                writer.Add(block, Hash(block));
            position = writer.Commit();
        }

        foreach (var bad in new[]
        {
            position with { Length = position.Length + 1 }, position with { Length = 5 }, position with { Open = [] }, position with { Open = position.Open[..^1] },
            position with { Open = [.. position.Open, 0] }, position with { Open = position.Open[100..] },
        })
        {
            FluentActions.Invoking(() => HashFileWriter.Continue(path, Blocks * HashBlock.Size, bad)).Should().Throw<IOException>();
        }

        HashFileWriter.Continue(path, Blocks * HashBlock.Size, position).Dispose();
    }

    [Fact]
    public async Task Every_flipped_bit_and_every_wrong_length_is_detected()
    {
        await using var folder = TestDirectory.Create();
        var source = Write(folder.File("h"), 1L << 20, w =>
        {
            w.Add(1, Hash(1));
            w.AddZeroes(5, 100);
            w.AddZeroes(1024, 65536);
            w.Add((1 << 20) - 1, Hash(2));
        });
        var good = await File.ReadAllBytesAsync(source.Path, TestContext.Current.CancellationToken);
        void ShouldBeFound(byte[] bad)
        {
            File.WriteAllBytes(source.Path, bad);
            FluentActions.Invoking(() => HashFileReader.Check(source)).Should().Throw<InvalidDataException>().WithMessage("h was altered");
        }

        for (var i = 0; i < good.Length; i++)
        {
            byte[] bad = [.. good];
            bad[i] ^= (byte)(1 << (i % 8));
            ShouldBeFound(bad);
        }

        for (var length = 0; length < good.Length; length++)
            ShouldBeFound(good[..length]);
        ShouldBeFound([.. good, 0]);
        ShouldBeFound([.. good, .. good[^HashFileHeader.RootLength..]]);
        ShouldBeFound([.. good[..HashFileHeader.Length], 0, .. good[HashFileHeader.Length..]]);
    }

    [Fact]
    public async Task A_change_while_the_file_is_open_is_detected()
    {
        await using var folder = TestDirectory.Create();
        var source = Write(folder.File("h"), 1L << 20, w =>
        {
            for (var block = 0; block < 1024; block++)
                w.Add(block, Hash(block));
        });
        using var reader = HashFileReader.Open(source);
        reader.Find(0).Kind.Should().Be(HashKind.Data);
        await using (var file = new FileStream(source.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            file.Seek(HashFileHeader.Length + (new HashNode(0).MaxLength * 2) + 200, SeekOrigin.Begin);
            file.WriteByte(0x5a);
        }

        reader.Find(256).Kind.Should().Be(HashKind.Data);
        reader.Invoking(r => r.Find(512)).Should().Throw<InvalidDataException>();
        reader.Invoking(r => r.Find(513)).Should().Throw<InvalidDataException>();
        reader.Find(768).Kind.Should().Be(HashKind.Data);
        reader[768].Should().Be(Hash(768));
    }

    [Fact]
    public async Task A_write_that_failed_on_a_full_disk_fails_every_later_commit()
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
            while (true)
                writer.Add(block++, Hash(block));
        };
        fill.Should().Throw<IOException>();
        File.Delete(filler);
        writer.Invoking(w => w.Commit()).Should().Throw<IOException>();
        writer.Invoking(w => w.Commit()).Should().Throw<IOException>();
    }

    [Fact]
    public async Task A_failed_flush_fails_every_later_commit()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "descriptors are found in /proc");
        await using var folder = TestDirectory.Create();
        var path = folder.File("hashes");
        using var writer = HashFileWriter.Create(path, Blocks * HashBlock.Size);
        writer.Add(1, Hash(1));
        var file = Directory.EnumerateFileSystemEntries("/proc/self/fd").Where(fd => new FileInfo(fd).LinkTarget == path).Select(fd => int.Parse(Path.GetFileName(fd), CultureInfo.InvariantCulture)).Single();

        // Accepts writes and fails the flush, like a file whose writeback failed.
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
