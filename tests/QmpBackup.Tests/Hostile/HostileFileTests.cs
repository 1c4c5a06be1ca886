using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;
using QmpBackup.Hashes;
using QmpBackup.Model;
using QmpBackup.Repository;
using QmpBackup.Testing;
using QmpBackup.Transfer;

namespace QmpBackup.Tests.Hostile;

/// <summary>
/// For any content of a repository file or of a note in QEMU, its reader returns a value within its bounds or the one error of its kind,
/// quickly and with little memory. An attacker who can write a file can also write matching checksums and hashes, so these tests do.
/// </summary>
public sealed partial class HostileFileTests
{
    private const long MaxSize = 1L << 52;

    private static readonly string Id = Given.Checkpoint(1).Value;

    public static TheoryData<string, string> Corpus =>
    [
        .. from file in Directory.EnumerateFiles(CorpusFolder, "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
           select (Path.GetFileName(Path.GetDirectoryName(file)!), Path.GetFileName(file)),
    ];

    // qbackup wrote the files whose names begin with "good".
    [Theory]
    [MemberData(nameof(Corpus))]
    public async Task A_file_of_the_corpus_is_read_or_refused(string kind, string name)
    {
        await using var folder = TestDirectory.Create();
        var text = await File.ReadAllTextAsync(Path.Combine(CorpusFolder, kind, name), TestContext.Current.CancellationToken);
        var value = kind == "note" ? (object?)ReadNote(text) : ReadPoint(folder, text);
        (value is not null).Should().Be(name.StartsWith("good", StringComparison.Ordinal));
    }

    [Fact(Timeout = 600_000)]
    public async Task A_description_is_read_within_its_bounds_or_refused()
    {
        await using var folder = TestDirectory.Create();
        var seeds = Seeds("point");
        var random = new Random(20261126);
        var accepted = 0;
        for (var round = Mutation.Rounds(3000); round > 0; round--)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            var text = Mutation.OfText(Pick(seeds, random), random);
            accepted += Within(4 << 20, () => ReadPoint(folder, text), text) is null ? 0 : 1;
        }

        accepted.Should().BeGreaterThan(100, "else the mutations test nothing");
    }

    [Fact(Timeout = 600_000)]
    public void A_note_is_read_within_its_bounds_or_refused()
    {
        var seeds = Seeds("note");
        var random = new Random(20261126);
        var accepted = 0;
        for (var round = Mutation.Rounds(3000); round > 0; round--)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            var text = Mutation.OfText(Pick(seeds, random), random);
            accepted += Within(1 << 20, () => ReadNote(text), text) is null ? 0 : 1;
        }

        accepted.Should().BeGreaterThan(100, "else the mutations test nothing");
    }

    [Fact(Timeout = 600_000)]
    public async Task A_header_of_an_image_is_read_within_its_bounds_or_refused()
    {
        await using var folder = TestDirectory.Create();
        var path = folder.File("image");
        byte[][] seeds = [Image(null), Image("20261120T010000Z-000001.qcow2"), Image(new string('x', 1023))];
        foreach (var seed in seeds)
            ReadHeader(path, seed).Should().NotBeNull();
        var random = new Random(20261126);
        var accepted = 0;
        for (var round = Mutation.Rounds(3000); round > 0; round--)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            var seed = seeds[random.Next(seeds.Length)];
            var bytes = random.Next(5) == 0 ? Mutation.Torn(seed, random) : Mutation.InPlace(seed, random);
            accepted += Within(1 << 20, () => ReadHeader(path, bytes), bytes) is null ? 0 : 1;
        }

        accepted.Should().BeGreaterThan(100, "else the mutations test nothing");
    }

    [Fact]
    public async Task A_backing_file_whose_place_overflows_is_refused()
    {
        await using var folder = TestDirectory.Create();
        foreach (var place in new[] { long.MaxValue, long.MaxValue - 1022, long.MinValue, uint.MaxValue, 4096 - 10 })
        {
            var image = Image("a.qcow2");
            BinaryPrimitives.WriteInt64BigEndian(image.AsSpan(8), place);
            BinaryPrimitives.WriteInt32BigEndian(image.AsSpan(16), 1023);
            ReadHeader(folder.File("image"), image).Should().BeNull("{0}", place);
        }

        var negative = Image(null);
        BinaryPrimitives.WriteInt64BigEndian(negative.AsSpan(24), -65536);
        ReadHeader(folder.File("image"), negative).Should().BeNull();
    }

    [Fact(Timeout = 600_000)]
    public async Task A_file_of_hashes_is_read_within_its_bounds_or_refused()
    {
        await using var folder = TestDirectory.Create();
        var seeds = new[] { 0L, 1, 300, 70_000, 1L << 28 }.Select(blocks => HashTree.Write(folder.File("seed"), blocks)).ToArray();
        var random = new Random(20261126);
        var accepted = 0;
        for (var round = Mutation.Rounds(2000); round > 0; round--)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            var seed = seeds[random.Next(seeds.Length)];
            var bytes = random.Next(5) == 0 ? Mutation.Torn(seed.Bytes, random) : seed.Seal(Mutation.InPlace(seed.Bytes, random));
            var block = random.NextInt64(1L << 40);
            accepted += Within(2 << 20, () => ReadHashes(folder.File("hashes"), bytes, block), bytes) is null ? 0 : 1;
        }

        accepted.Should().BeGreaterThan(100, "else the mutations test nothing");
    }

    // What a reader may allocate at most, in bytes.
    private static T? Within<T>(long memory, Func<T?> read, object input)
        where T : class
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        T? value;
        try
        {
            value = read();
        }
        catch (Exception e) when (e is not FluentAssertions.Execution.AssertionFailedException)
        {
            var shown = input is byte[] bytes ? Convert.ToHexString(bytes.AsSpan(0, Math.Min(bytes.Length, 2048))) : input;
            throw new InvalidOperationException($"{e.GetType().Name} of {shown}", e);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(memory);
        return value;
    }

    private static RepositoryPoint? ReadPoint(TestDirectory folder, string text)
    {
        var path = Path.Combine(folder.Folder("vm/default"), Id + ChainLayout.PointSuffix);
        Put(path, Sealed(text));
        try
        {
            var point = PointFile.Read(path);
            point.Id.Should().Be(CheckpointId.Parse(Id));
            point.Sequence.Should().BeGreaterThanOrEqualTo(0);
            point.Disks.Length.Should().BeLessThanOrEqualTo(4096);
            foreach (var disk in point.Disks)
            {
                foreach (var size in new[] { disk.Size, disk.FileSize, disk.BytesRead, disk.BytesWritten, disk.BytesZero })
                    size.Should().BeInRange(0, MaxSize);
                foreach (var file in new[] { disk.File, disk.Hashes.File })
                    file.Should().StartWith(SafeName.Of(disk.Name) + "/").And.NotContain("..");
                (disk.Parent is null || CheckpointId.TryParse(disk.Parent?.Value, out _)).Should().BeTrue();
                Enum.IsDefined(disk.Level).Should().BeTrue();
                // The values that list shows.
                string[] texts = [disk.Reason, disk.Node, disk.Hashes.Root, disk.Hashes.Digest, disk.Hashes.Algorithm];
                texts.Should().NotContainNulls();
            }

            string[] all = [point.Vm, point.Chain.Value, point.Checkpoint.Value, point.Signature?.Key ?? "", point.Signature?.Value ?? ""];
            all.Should().NotContainNulls();
            return point;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static SessionNote? ReadNote(string text)
    {
        if (SessionNote.TryParse(text) is not { } note)
            return null;
        CheckpointId.TryParse(note.Checkpoint.Value, out var checkpoint).Should().BeTrue();
        var names = new SessionNames(checkpoint);
        note.Disks.Length.Should().BeInRange(1, 9999);
        foreach (var (i, disk) in note.Disks.Index())
        {
            Path.GetFileName(disk.Scratch).Should().Be(names.Disk(i).ScratchFile);
            disk.Size.Should().BeGreaterThanOrEqualTo(0);
            disk.Reason.Should().NotBeNull();
        }

        note.ToJson().Length.Should().BePositive();
        return note;
    }

    private static Qcow2Header? ReadHeader(string path, byte[] bytes)
    {
        Put(path, bytes);
        using var file = File.OpenHandle(path);
        try
        {
            var header = Qcow2Header.Read(file, "image");
            header.Size.Should().BeInRange(0, MaxSize);
            header.BackingFile?.Length.Should().BeInRange(1, 1023);
            return header;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static string? ReadHashes(string path, byte[] bytes, long block)
    {
        Put(path, bytes);
        var source = new HashSource(path, HashTree.DigestOf(bytes));
        try
        {
            HashFileReader.Check(source);
        }
        catch (InvalidDataException)
        {
            // It is for the places that are read, too.
        }

        try
        {
            using var layers = HashLayers.Open([source, source]);
            layers.DiskSize.Should().BeInRange(0, MaxSize);
            var blocks = HashBlock.Count(layers.DiskSize);
            if (blocks > 0)
            {
                var run = layers.At(block % blocks);
                run.First.Should().BeInRange(0, block % blocks);
                run.End.Should().BeInRange((block % blocks) + 1, blocks);
                if (run.Kind == HashKind.Data)
                    _ = run.Hashes![block % blocks];
            }

            layers.CountData().Should().BeInRange(0, layers.DiskSize);
            return source.Digest;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    // Without cutting it to nothing first: ext4 writes a file that was to the disk when it is closed.
    private static void Put(string path, byte[] bytes)
    {
        using var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write);
        RandomAccess.Write(file, bytes, 0);
        RandomAccess.SetLength(file, bytes.Length);
    }

    private static byte[] Sealed(string text)
    {
        var bare = Checksum().Replace(text, "${1}" + new string('0', 64));
        var bytes = Encoding.UTF8.GetBytes(Value().Replace(bare, "${1}" + new string('0', 128)));
        return Encoding.UTF8.GetBytes(Checksum().Replace(bare, "${1}" + BlockHash.Of(bytes)));
    }

    // As qbackup makes them: a header of 112 bytes, the format of the backing file, the end of the extensions, its name.
    private static byte[] Image(string? backing)
    {
        var image = new byte[4096];
        var header = image.AsSpan();
        BinaryPrimitives.WriteUInt32BigEndian(header, 0x514649fb);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], 3);
        BinaryPrimitives.WriteInt32BigEndian(header[20..], 16);
        BinaryPrimitives.WriteInt64BigEndian(header[24..], 64 << 20);
        BinaryPrimitives.WriteInt32BigEndian(header[36..], 1);
        BinaryPrimitives.WriteInt64BigEndian(header[40..], 3072);
        BinaryPrimitives.WriteInt64BigEndian(header[48..], 2048);
        BinaryPrimitives.WriteInt32BigEndian(header[100..], 112);
        if (backing is null)
            return image;
        BinaryPrimitives.WriteUInt32BigEndian(header[112..], 0xe2792aca);
        BinaryPrimitives.WriteInt32BigEndian(header[116..], 5);
        "qcow2"u8.CopyTo(header[120..]);
        BinaryPrimitives.WriteInt64BigEndian(header[8..], 136);
        BinaryPrimitives.WriteInt32BigEndian(header[16..], backing.Length);
        Encoding.ASCII.GetBytes(backing, header[136..]);
        return image;
    }

    private static ILookup<bool, string> Seeds(string kind) => Directory.EnumerateFiles(Path.Combine(CorpusFolder, kind))
        .Order(StringComparer.Ordinal)
        .Where(file => new FileInfo(file).Length > 0)
        .ToLookup(file => Path.GetFileName(file).StartsWith("good", StringComparison.Ordinal), File.ReadAllText);

    // A hostile file with another fault is refused for the first one, mostly.
    private static string Pick(ILookup<bool, string> seeds, Random random)
    {
        var some = seeds[random.Next(4) > 0].ToList();
        return some[random.Next(some.Count)];
    }

    private static string CorpusFolder => Path.Combine(AppContext.BaseDirectory, "Corpus");

    [GeneratedRegex("(\"checksum\": \")[0-9a-f]{64}")]
    private static partial Regex Checksum();

    [GeneratedRegex("(\"value\": \")[0-9a-f]{128}")]
    private static partial Regex Value();
}
