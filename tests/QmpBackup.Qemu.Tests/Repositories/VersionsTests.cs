using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>Pull, restore and verify with other versions of QEMU than the host's.</summary>
public sealed class VersionsTests
{
    [Theory(Timeout = 120_000)]
    [InlineData("10.0", Fleecing.Overlay)]
    [InlineData("10.0", Fleecing.SnapshotAccess)]
    [InlineData("11.1", Fleecing.Overlay)]
    [InlineData("11.1", Fleecing.SnapshotAccess)]
    public async Task Random_histories_are_restored_exactly(string version, Fleecing fleecing)
    {
        Assert.SkipUnless(QemuBinaries.TryGet(version) is not null, QemuBinaries.Missing(version));
        var random = new Random(7);
        await using var lab = await RepositoryLab.StartAsync(new QemuVmOptions
        {
            Binaries = QemuBinaries.TryGet(version),
            Disks = [new TestDisk("a") { Size = 6 * Mib, IoThread = true }, new TestDisk("b") { Size = (3 * Mib) + 512 }],
        });
        for (var round = 0; round < 5; round++)
        {
            foreach (var disk in new[] { "a", "b" })
            {
                await lab.Vm.WriteAllAsync(disk,
                    [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => HistoryTests.Any(random, lab.Vm.Snapshot(disk).Length))], Token);
            }

            switch (round)
            {
                case 1:
                    await WorkflowOf.StartAsync(lab.Vm, r => r with { Fleecing = fleecing });
                    await lab.Vm.WriteAllAsync("a", [HistoryTests.Any(random, 6 * Mib)], Token);
                    await WorkflowOf.AbortAsync(lab.Vm);
                    break;
                case 3:
                    await lab.Vm.RestartAsync(Token);
                    break;
            }

            await lab.RunAsync(r => r with { Fleecing = fleecing });
        }

        lab.Chain.Read().Points.Skip(1).Should().OnlyContain(p => p.Parent != null);
        await lab.ShouldAllBeRightAsync();
    }
}
