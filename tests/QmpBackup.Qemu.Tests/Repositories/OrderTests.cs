using System.Text.Json;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>Points are in the order in which they were taken, even if the clock was set back.</summary>
public sealed class OrderTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    [Fact(Timeout = 90_000)]
    public async Task Latest_point_is_the_last_one_taken_even_within_one_second_or_after_the_clock_was_set_back()
    {
        await using var lab = await RepositoryLab.StartAsync();
        var taken = new List<RepositoryPoint>();
        await TakeAsync(Noon, "fffffe", LevelChoice.Auto);
        await TakeAsync(Noon, "000002", LevelChoice.Auto);
        // It has no parent: only its position in the chain shows that it is newer.
        await TakeAsync(Noon, "000001", LevelChoice.Full);
        await TakeAsync(Noon.AddHours(-2), "000003", LevelChoice.Full);
        await TakeAsync(Noon.AddHours(-1), "000000", LevelChoice.Auto);

        taken.Select(p => p.Parent).Should().Equal(null, taken[0].Id, null, null, taken[3].Id);
        lab.Chain.Read().Points.Select(p => p.Id).Should().Equal(taken.Select(p => p.Id));
        (await lab.RestoreAsync("latest", "a")).AsSpan().SequenceEqual(lab.Vm.Snapshot("a")).Should().BeTrue();
        var list = await Qbackup.RunAsync(["list", "--repo", lab.Repository.Path, "-o", "json"], null, Token);
        JsonDocument.Parse(list.Stdout).RootElement.GetProperty("points").EnumerateArray().Select(p => p.GetProperty("id").GetString())
            .Should().Equal(taken.Select(p => p.Id.Value));
        await lab.ShouldAllBeRightAsync();

        async Task TakeAsync(DateTimeOffset time, string tag, LevelChoice level)
        {
            await lab.Vm.WriteAsync("a", taken.Count * Mib, (byte)(0x11 * (taken.Count + 1)), Mib);
            taken.Add((await lab.RunAsync(r => r with { Checkpoint = CheckpointId.Create(time, tag), Level = level })).Pulled.Point);
        }
    }
}
