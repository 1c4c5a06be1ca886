using System.Text;
using QmpBackup.Repository;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>A chain of hundreds of points, under a long path: it is restored, by qemu-img alone too.</summary>
public sealed class LongChainTests
{
    private const int Length = 600;
    private const int Different = 4;

    [Fact(Timeout = 240_000)]
    public async Task Long_chain_works_and_its_repository_can_be_moved_to_a_longer_path()
    {
        await using var lab = await RepositoryLab.StartAsync();
        await lab.Vm.WriteAsync("a", 0, 0x11, 6 * Mib);
        List<RepositoryPoint> points = [(await lab.RunAsync()).Pulled.Point];
        for (var i = 0; i < Different; i++)
        {
            await lab.Vm.WriteAsync("a", i * Mib, (byte)(0x20 + i), Mib / 2);
            points.Add((await lab.RunAsync()).Pulled.Point);
        }

        // Hundreds of points, as hundreds of nightly backups make them: each is a copy of a real increment, under another name and
        // over another parent.
        while (points.Count < Length)
            points.Add(await CloneAsync(lab.Chain, points[1 + ((points.Count - 1) % Different)], points[^1]));

        var longer = lab.Vm.Directory.File(Path.Combine([.. Enumerable.Repeat(new string('x', 200), 6), "repo"]));
        Directory.CreateDirectory(Path.GetDirectoryName(longer)!);
        Directory.Move(lab.Repository.Path, longer);
        var chain = BackupRepository.Open(longer).GetChain("testvm");
        var newest = points[^1];
        chain.Read().Points.Should().HaveCount(Length);
        (await RepositoryVerifier.VerifyAsync(chain, newest.Id.Value, quick: true, cancellationToken: Token)).Should().HaveCount(Length)
            .And.OnlyContain(r => r.IsSound);
        foreach (var format in new[] { ImageFormat.Raw, ImageFormat.Qcow2 })
        {
            var target = lab.Vm.Directory.File("restored." + format);
            await new Restorer(chain).RestoreAsync(newest.Id.Value, "a", target, format, cancellationToken: Token);
            DiskOracle.Compare(lab.Vm.Snapshot("a"), await DiskImages.ReadAsync(target)).Should().BeNull();
        }

        DiskOracle.Compare(lab.Vm.Snapshot("a"), await DiskImages.ReadAsync(Path.Combine(chain.Folder, newest.Disks[0].File))).Should()
            .BeNull();
    }

    private static async Task<RepositoryPoint> CloneAsync(RepositoryChain chain, RepositoryPoint of, RepositoryPoint parent)
    {
        var (disk, below) = (of.Disks[0], parent.Disks[0]);
        var id = $"20270101T000000Z-{parent.Sequence:x6}";
        var files = DiskFiles.In(Path.Combine(chain.Folder, "a"), CheckpointId.Parse(id));
        var image = await File.ReadAllBytesAsync(chain.FilesOf(of, disk).Image, Token);
        Encoding.ASCII.GetBytes(parent.Id.Value)
            .CopyTo(image.AsSpan(image.AsSpan().IndexOf(Encoding.ASCII.GetBytes(disk.Parent!.Value.Value))));
        await File.WriteAllBytesAsync(files.Image, image, Token);
        File.Copy(chain.FilesOf(of, disk).Hashes, files.Hashes);
        using var folder = ChainFolder.TryOpen(chain);
        return PointFile.Write(folder!.Folder, of with
        {
            Id = CheckpointId.Parse(id),
            Checkpoint = CheckpointId.Parse(id),
            Sequence = parent.Sequence + 1,
            Parent = parent.Id,
            Disks =
            [
                disk with
                {
                    Parent = parent.Id,
                    File = Path.GetRelativePath(chain.Folder, files.Image),
                    Hashes = disk.Hashes with { File = Path.GetRelativePath(chain.Folder, files.Hashes),
                        Root = PointHashes.RootOf(disk.Name, disk.Hashes.Digest, below.Hashes.Root) },
                },
            ],
        });
    }
}
