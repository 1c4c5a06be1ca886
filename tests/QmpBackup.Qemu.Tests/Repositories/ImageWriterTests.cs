using System.Globalization;
using QmpBackup.Hashes;
using QmpBackup.Testing;
using QmpBackup.Transfer;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>
/// Images that qbackup writes itself: QEMU finds them sound and reads what was written, also after a writer was killed at any moment.
/// </summary>
public sealed class ImageWriterTests
{
    // Two tables of level 2, and a last block that is short.
    private const long Size = (513L << 20) + 4096;

    private static readonly long Blocks = HashBlock.Count(Size);

    public static TheoryData<string, int> Cases =>
        [.. QemuBinaries.Available.SelectMany(b => Enumerable.Range(0, 4).Select(seed => (b.Name, seed)))];

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Cases))]
    public async Task Image_is_sound_and_holds_what_was_written(string version, int seed)
    {
        var qemu = QemuBinaries.TryGet(version)!;
        var random = new Random(seed);
        await using var directory = TestDirectory.Create();
        var expected = new Dictionary<long, byte>();
        for (var level = 0; level < 3; level++)
        {
            var path = directory.File($"{level}.qcow2");
            var backing = level == 0 ? null : $"{level - 1}.qcow2";
            using (var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite))
                ImageWriter.Create(file, Size, backing);
            await WriteAsync(path, backing, random, expected, kills: random.Next(4));
            var check = await CommandRunner.RunAsync(qemu.Img, ["check", "-f", "qcow2", path], null, Token);
            check.ExitCode.Should().Be(0, "level {0}: {1}", level, check);
            await ShouldReadAsync(qemu, directory, path, expected);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(512)]
    [InlineData(65536)]
    [InlineData(1L << 40)]
    [InlineData(ImageWriter.MaxSize)]
    public async Task Empty_image_of_any_size_is_sound(long size)
    {
        await using var directory = TestDirectory.Create();
        var path = directory.File("a.qcow2");
        using (var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            ImageWriter.Create(file, size, null);
            await ImageWriter.TryContinue(file, "a", size, null, 0)!.CloseAsync(Token);
        }

        await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Img, "check", "-f", "qcow2", path);
        var info = await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Img, "info", "--output=json", "-f", "qcow2", path);
        info.Stdout.Should().Contain($"\"virtual-size\": {size.ToString(CultureInfo.InvariantCulture)}");
    }

    [Fact]
    public async Task Image_of_qemu_nbd_is_continued_and_one_that_was_changed_is_not()
    {
        await using var directory = TestDirectory.Create();
        var path = directory.File("a.qcow2");
        await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Img, "create", "-q", "-f", "qcow2", path, $"{Size}");
        await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Io, "-c", "write -P 9 0 1M", "-c", "write -P 7 1M 1M", path);
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            ImageWriter.TryContinue(file, "a", Size + 65536, null, 16).Should().BeNull("it is of another disk");
            ImageWriter.TryContinue(file, "a", Size, "b.qcow2", 16).Should().BeNull("it is built on something else");
            var writer = ImageWriter.TryContinue(file, "a", Size, null, 16)!;
            await PutAsync(writer, new Chunk(), new BlockRun(20, 21, HasData: true, IsMarked: true), 5);
            await writer.CloseAsync(Token);
        }

        await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Img, "check", "-f", "qcow2", path);
        await ShouldReadAsync(QemuBinaries.Host, directory, path,
            Enumerable.Range(0, 16).Select(b => ((long)b, (byte)9)).Append((20, (byte)5)).ToDictionary());
        // Two blocks at the same place.
        var bytes = await File.ReadAllBytesAsync(path, Token);
        var first = bytes.AsSpan().IndexOf(Entry(bytes));
        bytes.AsSpan(first, 8).CopyTo(bytes.AsSpan(first + 8));
        await File.WriteAllBytesAsync(path, bytes, Token);
        using var changed = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        ImageWriter.TryContinue(changed, "a", Size, null, 16).Should().BeNull();
    }

    // The entry of the first block: the first that is in the table of level 2, to which the only table of level 1 leads.
    private static byte[] Entry(byte[] image)
    {
        var map = (int)System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(image.AsSpan(40));
        var table = (int)(System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(image.AsSpan(map)) & 0xffff_ffff);
        return image[table..(table + 8)];
    }

    // A few chunks at a time are written in any order and completed in the right one. A kill forgets what came after the last flush.
    private static async Task WriteAsync(
        string path, string? backing, Random random, Dictionary<long, byte> expected, int kills)
    {
        var runs = Runs(random, backing is not null);
        var (saved, at) = (0, 0);
        while (true)
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            var writer = ImageWriter.TryContinue(file, "a", Size, backing, saved == 0 ? 0 : runs[saved - 1].Run.End)!;
            writer.Should().NotBeNull();
            var isKilled = false;
            for (at = saved; at < runs.Count && !isKilled;)
            {
                var some = runs.Skip(at).Take(random.Next(1, 9)).Select(r => (r.Run, r.Value, Chunk: new Chunk())).ToList();
                foreach (var (run, value, chunk) in some.OrderBy(_ => random.Next()))
                    await WriteAsync(writer, chunk, run, value);
                if (kills > 0 && random.Next(8) == 0)
                {
                    (kills, isKilled) = (kills - 1, true);
                    break;
                }

                foreach (var (_, _, chunk) in some)
                    writer.Complete(chunk);
                at += some.Count;
                await writer.PaceAsync(Token);
                if (random.Next(6) != 0)
                    continue;
                await writer.FlushAsync(Token);
                saved = at;
            }

            if (isKilled)
                continue;
            await writer.CloseAsync(Token);
            break;
        }

        foreach (var (run, value) in runs)
        {
            for (var block = run.First; block < run.End; block++)
            {
                if (run.HasData)
                    expected[block] = value;
                else
                    expected.Remove(block);
            }
        }
    }

    private static List<(BlockRun Run, byte Value)> Runs(Random random, bool isIncrement)
    {
        var runs = new List<(BlockRun, byte)>();
        for (var next = 0L; next < Blocks;)
        {
            var hasData = random.Next(3) > 0;
            var end = Math.Min(Blocks, next + (hasData ? random.Next(1, Chunk.MaxBlocks + 1) : random.Next(1, 2000)));
            runs.Add((new BlockRun(next, end, hasData, IsMarked: true), (byte)random.Next(1, 256)));
            // What an increment does not write is its parent's.
            next = end + (isIncrement ? random.Next(200) : hasData && random.Next(8) == 0 ? 300 : 0);
        }

        return isIncrement ? runs : [.. runs.Where(r => r.Item1.HasData || random.Next(2) == 0)];
    }

    private static async Task PutAsync(ImageWriter writer, Chunk chunk, BlockRun run, byte value)
    {
        await WriteAsync(writer, chunk, run, value);
        writer.Complete(chunk);
    }

    private static async Task WriteAsync(ImageWriter writer, Chunk chunk, BlockRun run, byte value)
    {
        chunk.Place(run, Size);
        if (!run.HasData)
        {
            await writer.ZeroAsync(chunk, Token);
            return;
        }

        chunk.Bytes.Span.Fill(value);
        chunk.Zero.AsSpan().Clear();
        await writer.WriteAsync(chunk, Token);
    }

    private static async Task ShouldReadAsync(QemuBinaries qemu, TestDirectory directory, string path, Dictionary<long, byte> expected)
    {
        var raw = directory.File("out.raw");
        await CommandRunner.RunCheckedAsync(qemu.Img, "convert", "-f", "qcow2", "-O", "raw", path, raw);
        using var file = File.OpenHandle(raw);
        RandomAccess.GetLength(file).Should().Be(Size);
        var bytes = new byte[HashBlock.Size];
        for (var block = 0L; block < Blocks; block++)
        {
            var part = bytes.AsSpan(0, RandomAccess.Read(file, bytes, block * HashBlock.Size));
            var value = expected.GetValueOrDefault(block);
            if (part.ContainsAnyExcept(value))
                throw new InvalidOperationException($"block {block} of {Path.GetFileName(path)} is not {value}");
        }
    }
}
