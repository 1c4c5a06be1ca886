using System.Globalization;
using QmpBackup.Hashes;
using QmpBackup.Repository;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Retention;

/// <summary>
/// A chain of points that are made without a VM, by qemu-img and qemu-io, and for each point the bytes that its disks have. Faster than
/// backups, and any shape of chain can be made.
/// </summary>
internal sealed class StoredChain
{
    public const int Block = HashBlock.Size;

    private static readonly DateTimeOffset Start = new(2026, 1, 5, 8, 0, 0, TimeSpan.Zero);

    private int _count;

    public StoredChain(string folder)
    {
        Repository = BackupRepository.Open(folder, create: true, trustFolders: true);
        using var made = ChainFolder.Make(Chain);
    }

    public BackupRepository Repository { get; }

    public RepositoryChain Chain => Repository.GetChain("vm");

    public Dictionary<(CheckpointId Point, string Disk), byte[]> Expected { get; } = [];

    /// <summary>What is written into a disk: the block, and the byte that fills it; null makes it zero.</summary>
    public sealed record Write(int At, byte? Pattern);

    public IReadOnlyList<RepositoryPoint> Points => Chain.Read().Points;

    /// <summary>Adds a point with one disk.</summary>
    public Task<RepositoryPoint> AddAsync(CheckpointId? parent, int blocks, params Write[] writes) =>
        AddAsync(TimeSpan.FromHours(1), null, ("a", parent, blocks, writes));

    /// <summary>Adds a point.</summary>
    public async Task<RepositoryPoint> AddAsync(
        TimeSpan after, SigningKey? key, params (string Disk, CheckpointId? Parent, int Blocks, Write[] Writes)[] disks)
    {
        var contents = Chain.Read();
        var at = (contents.Points.LastOrDefault()?.CreatedAt ?? Start) + after;
        var id = CheckpointId.Parse(string.Create(
            CultureInfo.InvariantCulture, $"{at.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}-{++_count:x6}"));
        using var folder = ChainFolder.Make(Chain);
        var stored = new List<PointDisk>();
        foreach (var (disk, parent, blocks, writes) in disks)
        {
            using var held = folder.OpenDisk(disk);
            var files = DiskFiles.In(Path.Combine(Chain.Folder, disk), id);
            var below = parent is { } p ? contents.Find(p)!.FindDisk(disk)! : null;
            var bytes = below is null ? new byte[blocks * Block] : [.. Expected[(parent!.Value, disk)]];
            List<string> create = ["create", "-q", "-f", "qcow2"];
            if (below is not null)
                create.AddRange(["-u", "-F", "qcow2", "-b", DiskInspector.BackingOf(parent!.Value)]);
            await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Img, [.. create, files.Image, Text(bytes.Length)]);
            using (var writer = HashFileWriter.Create(files.Hashes, bytes.Length))
            {
                List<string> commands = [];
                foreach (var write in writes.OrderBy(w => w.At).DistinctBy(w => w.At))
                {
                    var block = bytes.AsSpan(write.At * Block, Block);
                    block.Fill(write.Pattern ?? 0);
                    commands.AddRange(["-c", write.Pattern is { } pattern
                        ? $"write -P {Text(pattern)} {Text(write.At * Block)} {Text(Block)}" : $"write -z {Text(write.At * Block)} {Text(Block)}"]);
                    if (write.Pattern is null or 0)
                        writer.AddZeroes(write.At, 1);
                    else
                        writer.Add(write.At, BlockHash.Of(block));
                }

                if (commands.Count > 0)
                    await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Io, ["-f", "qcow2", .. commands, files.Image]);
                var digest = writer.Complete();
                stored.Add(new PointDisk
                {
                    Name = disk,
                    Node = disk,
                    Level = parent is null ? BackupLevel.Full : BackupLevel.Incremental,
                    Reason = "test",
                    Parent = parent,
                    Size = bytes.Length,
                    File = $"{disk}/{id}.qcow2",
                    FileSize = new FileInfo(files.Image).Length,
                    BytesRead = 0,
                    BytesZero = 0,
                    BytesWritten = 0,
                    Seconds = 0,
                    Hashes = new PointHashes
                    {
                        File = $"{disk}/{id}.hashes",
                        Algorithm = HashBlock.Algorithm,
                        BlockSize = Block,
                        Digest = digest,
                        Root = PointHashes.RootOf(disk, digest, below?.Hashes.Root),
                    },
                });
            }

            Expected[(id, disk)] = bytes;
        }

        return PointFile.Write(folder.Folder, new RepositoryPoint
        {
            Id = id,
            Vm = "vm",
            Chain = ChainName.Default,
            Checkpoint = id,
            Sequence = _count,
            Parent = contents.Points.LastOrDefault(p => disks.Any(d => d.Parent == p.Id))?.Id,
            CreatedAt = at,
            CompletedAt = at,
            QemuVersion = "7.2.0",
            Disks = [.. stored],
        }, key);
    }

    /// <summary>A chain of one disk: a full point and increments, each with one block of its own and one that the next overwrites.</summary>
    public async Task<List<RepositoryPoint>> AddLineAsync(int count, int blocks = 24)
    {
        var points = new List<RepositoryPoint>();
        for (var i = 0; i < count; i++)
        {
            points.Add(i == 0
                ? await AddAsync(null, blocks, [.. Enumerable.Range(0, blocks - 4).Select(b => new Write(b, (byte)(100 + b)))])
                : await AddAsync(points[^1].Id, blocks, new Write(i, (byte)i), new Write(i + 1, (byte)(0x40 + i)), new Write(i + 8, null)));
        }

        return points;
    }

    /// <summary>Each listed point equals what was written, read with qemu-img alone, and the repository finds no fault in it.</summary>
    /// <param name="kept">The points that must be listed; null for whatever is.</param>
    /// <param name="alsoVerify">Whether the content is compared with the hashes, too.</param>
    public async Task ShouldBeExactAsync(IEnumerable<CheckpointId>? kept = null, bool alsoVerify = true)
    {
        var contents = Chain.Read();
        contents.Broken.Should().BeEmpty();
        contents.Incomplete.Should().BeEmpty();
        if (kept is not null)
            contents.Points.Select(p => p.Id).Should().Contain(kept);
        foreach (var point in contents.Points)
        {
            foreach (var disk in point.Disks)
            {
                contents.FindFault(point, disk).Should().BeNull("{0}/{1}", point.Id, disk.Name);
                DiskOracle.Compare(Expected[(point.Id, disk.Name)], await DiskImages.ReadAsync(Path.Combine(Chain.Folder, disk.File)))
                    .Should().BeNull("qemu-img convert of {0}/{1}", point.Id, disk.Name);
            }
        }

        if (alsoVerify)
            (await RepositoryVerifier.VerifyAsync(Chain)).Should().OnlyContain(r => r.IsSound);
    }

    /// <summary>A copy of the repository, with the same expectations.</summary>
    public StoredChain CopyTo(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(Repository.Path, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(folder, Path.GetRelativePath(Repository.Path, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        var copy = new StoredChain(folder) { _count = _count };
        foreach (var (key, value) in Expected)
            copy.Expected.Add(key, value);
        return copy;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
