using System.Buffers.Binary;
using System.Globalization;
using QmpBackup.Hashes;
using QmpBackup.Testing;
using QmpBackup.Transfer;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>Plain qcow2 images, read without QEMU's programs: the same bytes as QEMU reads, and bounded whatever is in the file.</summary>
public sealed class PlainImageTests
{
    private const int Size = (40 * Mib) + 512;

    public static TheoryData<string> Versions => [.. QemuBinaries.Available.Select(b => b.Name)];

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Versions))]
    public async Task Chain_of_images_reads_as_QEMU_reads_it(string version)
    {
        var qemu = QemuBinaries.TryGet(version)!;
        var random = new Random(20261127);
        await using var directory = TestDirectory.Create();
        for (var level = 0; level < 4; level++)
        {
            var path = directory.File($"{level}.qcow2");
            List<string> create = ["create", "-q", "-f", "qcow2", "-o", "compat=1.1"];
            if (level > 0)
                create.AddRange(["-b", $"{level - 1}.qcow2", "-F", "qcow2"]);
            await CommandRunner.RunCheckedAsync(qemu.Img, [.. create, path, Size.ToString(CultureInfo.InvariantCulture)]);
            await WriteAsync(qemu, path, random);
            using var chain = ImageSource.TryOpen(path, alone: false)!;
            var expected = await DiskImages.ReadAsync(path, "qcow2", qemu);
            (await ReadAsync(chain)).AsSpan().SequenceEqual(expected).Should().BeTrue("level {0}", level);
            var whole = Runs(chain);
            whole[^1].End.Should().Be(HashBlock.Count(Size));

            // Alone, it has the same marks, and zeroes where it holds nothing.
            using var alone = ImageSource.TryOpen(path, alone: true)!;
            var own = Blocks(Runs(alone));
            own.Should().Equal(Blocks(whole).Select(b => b.IsMarked ? b : (false, false)));
        }
    }

    [Theory]
    [InlineData("compression_type=zstd")]
    [InlineData("cluster_size=4k")]
    [InlineData("refcount_bits=1")]
    public async Task Image_of_another_kind_is_left_to_QEMU(string option)
    {
        await using var directory = TestDirectory.Create();
        var path = directory.File("a.qcow2");
        await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Img, "create", "-q", "-f", "qcow2", "-o", option, path, "4M");
        ImageSource.TryOpen(path, alone: true).Should().BeNull();
    }

    [Fact]
    public async Task Compressed_cluster_is_left_to_QEMU()
    {
        await using var directory = TestDirectory.Create();
        var path = directory.File("a.qcow2");
        await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Img, "create", "-q", "-f", "qcow2", path, "4M");
        await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Io, "-c", "write -c -P 7 64k 64k", path);
        using var source = ImageSource.TryOpen(path, alone: true)!;
        source.Invoking(Runs).Should().Throw<NotPlainException>();
    }

    [Fact(Timeout = 120_000)]
    public async Task Hostile_tables_are_read_within_their_bounds_or_refused()
    {
        await using var directory = TestDirectory.Create();
        var path = directory.File("a.qcow2");
        await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Img, "create", "-q", "-f", "qcow2", path, "600M");
        await CommandRunner.RunCheckedAsync(
            QemuBinaries.Host.Io, "-c", "write -P 7 1M 256k", "-c", "write -z 3M 1M", "-c", "write -P 8 599M 1M", path);
        var honest = await File.ReadAllBytesAsync(path, Token);
        // The header's numbers, the table of level 1, and the tables of level 2.
        var map = (int)BinaryPrimitives.ReadInt64BigEndian(honest.AsSpan(40));
        int[] tables = [.. new[] { 0, 8 }.Select(at => (int)(BinaryPrimitives.ReadInt64BigEndian(honest.AsSpan(map + at)) & 0xfffffffffffe00))];
        var random = new Random(20261127);
        var (read, refused) = (0, 0);
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        for (var round = 0; round < 2000; round++)
        {
            var at = random.Next(4) switch
            {
                0 => 20 + (4 * random.Next(23)),
                1 => map + (8 * random.Next(3)),
                _ => tables[random.Next(2)] + (8 * random.Next(40)),
            };
            var bytes = new byte[8];
            random.NextBytes(bytes);
            if (random.Next(2) == 0)
                BinaryPrimitives.WriteInt64BigEndian(bytes, (random.NextInt64(40) << 16) | (random.NextInt64(4) << 62) | random.NextInt64(2));
            RandomAccess.Write(file, bytes, at);
            try
            {
                using var source = ImageSource.TryOpen(path, alone: random.Next(2) == 0);
                if (source is not null)
                {
                    var next = 0L;
                    foreach (var run in Runs(source).Take(10_000))
                    {
                        run.First.Should().Be(next);
                        run.End.Should().BeGreaterThan(next);
                        next = run.End;
                        var chunk = new Chunk();
                        chunk.Place(run, source.Size);
                        if (run.HasData)
                            await source.ReadAsync(chunk, Token);
                    }
                }

                read++;
            }
            catch (Exception e) when (e is InvalidDataException or NotPlainException or FileNotFoundException)
            {
                refused++;
            }

            RandomAccess.Write(file, honest.AsSpan(at, 8), at);
        }

        read.Should().BeGreaterThan(100);
        refused.Should().BeGreaterThan(100);
    }

    private static async Task WriteAsync(QemuBinaries qemu, string path, Random random)
    {
        var commands = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            var length = random.Next(4) == 0 ? random.Next(1, 64) * 65536 : random.Next(1, 600) * 512;
            var offset = random.Next(0, (Size - length) / 512) * 512;
            var what = random.Next(5) switch { 0 => "write -z", 1 => "write -z -u", 2 => "discard", _ => $"write -P {random.Next(1, 255)}" };
            commands.AddRange(["-c", string.Create(CultureInfo.InvariantCulture, $"{what} {offset} {length}")]);
        }

        await CommandRunner.RunCheckedAsync(qemu.Io, [.. commands, "-f", "qcow2", path]);
    }

    private static List<BlockRun> Runs(ImageSource source) => source.MapAsync(Token).ToBlockingEnumerable(Token).ToList();

    private static IEnumerable<(bool HasData, bool IsMarked)> Blocks(List<BlockRun> runs) =>
        runs.SelectMany(r => Enumerable.Repeat((r.HasData, r.IsMarked), (int)(r.End - r.First)));

    private static async Task<byte[]> ReadAsync(ImageSource source)
    {
        var bytes = new byte[source.Size];
        var chunk = new Chunk();
        await foreach (var run in source.MapAsync(Token))
        {
            for (var rest = run; run.HasData && rest.First < run.End; rest = rest with { First = chunk.First + chunk.Count })
            {
                chunk.Place(rest, source.Size);
                await source.ReadAsync(chunk, Token);
                chunk.Bytes.CopyTo(bytes.AsMemory((int)chunk.Offset));
            }
        }

        return bytes;
    }
}
