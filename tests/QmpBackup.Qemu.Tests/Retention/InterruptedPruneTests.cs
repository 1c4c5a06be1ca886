using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Retention.StoredChain;

namespace QmpBackup.Qemu.Tests.Retention;

/// <summary>A removal that ends at any step, as by SIGKILL, leaves all points that stay as they are; the next one completes it.</summary>
public sealed class InterruptedPruneTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = 300_000)]
    public async Task A_line_survives_the_end_at_each_step()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        await chain.AddLineAsync(4);
        await EachStepAsync(folder, chain, new RetentionPolicy { KeepLast = 2 });
    }

    [Fact(Timeout = 300_000)]
    public async Task A_branch_survives_the_end_at_each_step()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        var points = await chain.AddLineAsync(2, blocks: 16);
        await chain.AddAsync(points[1].Id, 16, new Write(3, 0x71), new Write(12, null));
        await chain.AddAsync(points[1].Id, 16, new Write(4, 0x72), new Write(13, 0x73));
        await EachStepAsync(folder, chain, new RetentionPolicy { KeepLast = 2 });
    }

    [Fact(Timeout = 300_000)]
    public async Task Several_disks_survive_the_end_at_each_step()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        var first = await chain.AddAsync(TimeSpan.FromHours(1), null, ("a", null, 8, [new(0, 1), new(4, 9)]), ("b", null, 8, [new(1, 2)]));
        var second = await chain.AddAsync(TimeSpan.FromHours(1), null, ("a", first.Id, 8, [new(1, 3)]), ("b", first.Id, 8, [new(2, 4)]));
        await chain.AddAsync(TimeSpan.FromHours(1), null, ("a", second.Id, 8, [new(2, 5)]));
        await chain.AddAsync(TimeSpan.FromHours(1), null, ("b", second.Id, 8, [new(3, null), new(1, 7)]));
        await EachStepAsync(folder, chain, new RetentionPolicy { KeepLast = 2 });
    }

    /// <summary>
    /// Chains of any shape, and policies of any kind. More of them by hand: <c>QBACKUP_HISTORIES=300</c>; one again: <c>QBACKUP_SEED=N</c>.
    /// </summary>
    [Fact(Timeout = 3_600_000)]
    public async Task Chains_of_any_shape_survive_the_end_at_any_step()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("QBACKUP_SEED"), out var given) ? given : Random.Shared.Next();
        var count = int.TryParse(Environment.GetEnvironmentVariable("QBACKUP_HISTORIES"), out var many) ? many : 4;
        for (var i = 0; i < count; i++)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"QBACKUP_SEED={seed + i}");
            try
            {
                await RandomHistoryAsync(new Random(seed + i));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"QBACKUP_SEED={seed + i}: {e.Message}", e);
            }
        }
    }

    private static async Task RandomHistoryAsync(Random random)
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        string[] names = ["a", "b", "c"];
        for (var round = 0; round < 3; round++)
        {
            for (var i = random.Next(2, 6); i > 0; i--)
                await AddRandomAsync(chain, random, names);
            foreach (var point in chain.Points.Where(_ => random.Next(8) == 0))
                chain.Chain.SetPinned(point.Id, random.Next(3) > 0);
            var policy = Policy(random, chain);
            // Ends at a few random steps, each time in what the last one left.
            for (var end = random.Next(1, 12); ; end += random.Next(1, 12))
            {
                if (WithoutMissing(chain, policy) is { IsEmpty: false } left)
                    policy = left;
                else
                    break;
                var kept = RepositoryPruner.Plan(chain.Chain, policy).Kept.Select(k => k.Point.Id).ToList();
                var isDone = await PruneUpToAsync(chain, policy, end);
                await chain.ShouldBeExactAsync(kept, alsoVerify: isDone);
                if (isDone)
                    break;
            }

            await RepositoryPruner.CompleteAsync(chain.Chain, new PruneOptions(), Token);
            await chain.ShouldBeExactAsync();
            chain.Chain.Read().Unfinished.Should().BeEmpty();
            if (policy.Remove.IsEmpty)
                (await PruneTests.PruneAsync(chain, policy)).Removed.Should().BeEmpty();
        }
    }

    private static async Task AddRandomAsync(StoredChain chain, Random random, string[] names)
    {
        var contents = chain.Chain.Read();
        var disks = names.Where(_ => random.Next(4) > 0).DefaultIfEmpty("a").Select(name =>
        {
            var parents = contents.Points.Where(p => p.FindDisk(name) is not null).ToList();
            // Mostly the newest; now and then an older one, which makes a branch; now and then none.
            var parent = parents.Count == 0 || random.Next(8) == 0 ? null
                : random.Next(4) == 0 ? parents[random.Next(parents.Count)] : parents[^1];
            var blocks = parent is null ? random.Next(1, 12) : chain.Expected[(parent.Id, name)].Length / Block;
            var writes = Enumerable.Range(0, blocks).Where(_ => random.Next(3) == 0)
                .Select(b => new Write(b, random.Next(4) == 0 ? null : (byte)random.Next(1, 255))).ToArray();
            return (name, parent?.Id, blocks, writes);
        }).ToArray();
        await chain.AddAsync(TimeSpan.FromHours(random.Next(1, 60)), null, disks);
    }

    private static RetentionPolicy Policy(Random random, StoredChain chain) => random.Next(4) switch
    {
        0 => new RetentionPolicy { KeepLast = random.Next(0, 4) },
        1 => new RetentionPolicy { KeepDaily = random.Next(0, 4), KeepWeekly = random.Next(0, 2) },
        2 => new RetentionPolicy { KeepWithin = TimeSpan.FromHours(random.Next(1, 100)) },
        _ => new RetentionPolicy { Remove = [.. chain.Points.Where(_ => random.Next(3) == 0).Select(p => p.Id).DefaultIfEmpty(chain.Points[0].Id)] },
    };

    private static RetentionPolicy WithoutMissing(StoredChain chain, RetentionPolicy policy)
    {
        var contents = chain.Chain.Read();
        return policy with { Remove = [.. policy.Remove.Where(id => contents.Find(id) is not null || contents.Unfinished.Contains(id))] };
    }

    private static async Task EachStepAsync(TestDirectory folder, StoredChain chain, RetentionPolicy policy)
    {
        var kept = RepositoryPruner.Plan(chain.Chain, policy).Kept.Select(k => k.Point.Id).ToList();
        for (var end = 1; ; end++)
        {
            var copy = chain.CopyTo(folder.File($"copy-{end}"));
            if (await PruneUpToAsync(copy, policy, end))
            {
                end.Should().BeGreaterThan(10);
                copy.Points.Select(p => p.Id).Should().Equal(kept);
                return;
            }

            await copy.ShouldBeExactAsync(kept, alsoVerify: false);
            await PruneTests.PruneAsync(copy, policy);
            copy.Points.Select(p => p.Id).Should().Equal(kept);
            await copy.ShouldBeExactAsync();
            copy.Chain.Read().Unfinished.Should().BeEmpty();
            Directory.EnumerateFiles(copy.Chain.Folder, "*.merged.*", SearchOption.AllDirectories).Should().BeEmpty();
            Directory.Delete(copy.Repository.Path, recursive: true);
        }
    }

    // Whether it came to its end.
    private static async Task<bool> PruneUpToAsync(StoredChain chain, RetentionPolicy policy, int steps)
    {
        var options = new PruneOptions
        {
            BeforeStep = _ =>
            {
                if (--steps == 0)
                    throw new KilledException();
            },
        };
        try
        {
            await RepositoryPruner.ExecuteAsync(RepositoryPruner.Plan(chain.Chain, policy), options, Token);
            return true;
        }
        catch (KilledException)
        {
            return false;
        }
    }

    private sealed class KilledException : Exception;
}
