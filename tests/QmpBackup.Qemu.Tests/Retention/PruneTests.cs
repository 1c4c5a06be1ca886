using QmpBackup.Repository;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Retention.StoredChain;

namespace QmpBackup.Qemu.Tests.Retention;

/// <summary>Points are removed, and those that stay are what they were: read with qemu-img alone.</summary>
public sealed class PruneTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = 60_000)]
    public async Task Removing_points_of_a_line_merges_them_into_the_next()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        var points = await chain.AddLineAsync(6);

        var done = await PruneAsync(chain, new RetentionPolicy { KeepLast = 2 });

        done.Removed.Select(r => r.Point.Id).Should().Equal(points[..4].Select(p => p.Id));
        done.Removed.Should().OnlyContain(r => r.MergedInto.Single() == points[4].Id);
        done.BytesFreed.Should().BePositive();
        chain.Points.Select(p => p.Id).Should().Equal(points[4].Id, points[5].Id);
        chain.Points[0].Disks.Single().Should().Match<PointDisk>(d => d.Level == BackupLevel.Full && d.Parent == null);
        chain.Points[1].Disks.Single().Should().Match<PointDisk>(d => d.Level == BackupLevel.Incremental && d.Parent == points[4].Id);
        Directory.EnumerateFiles(chain.Chain.Folder, "*", SearchOption.AllDirectories)
            .Should().OnlyContain(f => f.Contains(points[4].Id.Value) || f.Contains(points[5].Id.Value) || f.EndsWith(".lock"));
        await chain.ShouldBeExactAsync();
        var again = await PruneAsync(chain, new RetentionPolicy { KeepLast = 2 });
        again.Removed.Should().BeEmpty();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_point_in_the_middle_is_merged_and_those_above_stay_as_they_are()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        var points = await chain.AddLineAsync(5);
        var above = chain.Chain.PathOf(points[3].Id);
        var unchanged = await File.ReadAllBytesAsync(above, Token);

        await PruneAsync(chain, new RetentionPolicy { Remove = [points[1].Id] });

        chain.Points.Select(p => p.Id).Should().Equal(points.Where(p => p != points[1]).Select(p => p.Id));
        chain.Points[1].Disks.Single().Should().Match<PointDisk>(d => d.Level == BackupLevel.Incremental && d.Parent == points[0].Id);
        (await File.ReadAllBytesAsync(above, Token)).Should().Equal(unchanged);
        await chain.ShouldBeExactAsync();
        // The point that was merged into goes, too.
        await PruneAsync(chain, new RetentionPolicy { Remove = [points[2].Id, points[0].Id] });
        chain.Points.Select(p => p.Id).Should().Equal(points[3].Id, points[4].Id);
        await chain.ShouldBeExactAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task Each_point_of_a_branch_takes_over_what_it_inherits()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        var points = await chain.AddLineAsync(3);
        var left = await chain.AddAsync(points[2].Id, 24, new Write(3, 0x71), new Write(20, null));
        var right = await chain.AddAsync(points[2].Id, 24, new Write(4, 0x72), new Write(21, 0x73));
        var third = await chain.AddAsync(points[2].Id, 24, new Write(2, null));

        var done = await PruneAsync(chain, new RetentionPolicy { KeepLast = 3 });

        done.Removed.Select(r => r.Point.Id).Should().Equal(points.Select(p => p.Id));
        done.Removed[^1].MergedInto.Should().BeEquivalentTo([left.Id, right.Id, third.Id]);
        chain.Points.Should().HaveCount(3).And.OnlyContain(p => p.Disks.Single().Level == BackupLevel.Full);
        await chain.ShouldBeExactAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_disk_that_left_keeps_its_newest_point()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        var first = await chain.AddAsync(TimeSpan.FromHours(1), null, ("a", null, 8, [new(0, 1)]), ("b", null, 4, [new(1, 2)]));
        var second = await chain.AddAsync(TimeSpan.FromHours(1), null, ("a", first.Id, 8, [new(1, 3)]), ("b", first.Id, 4, [new(2, 4)]));
        var third = await chain.AddAsync(TimeSpan.FromHours(1), null, ("a", second.Id, 8, [new(2, 5)]), ("c", null, 4, [new(3, 6)]));
        var fourth = await chain.AddAsync(TimeSpan.FromHours(1), null, ("a", third.Id, 8, [new(3, 7)]), ("c", third.Id, 4, [new(0, 8)]));

        var done = await PruneAsync(chain, new RetentionPolicy { KeepLast = 1 });

        done.Kept.Select(k => k.Point.Id).Should().Equal(second.Id, fourth.Id);
        done.Kept[0].Reasons.Should().Equal(KeepReason.Newest);
        done.Kept[1].Reasons.Should().Equal(KeepReason.Last, KeepReason.Newest);
        await chain.ShouldBeExactAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pinned_point_stays_until_it_is_released()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        var points = await chain.AddLineAsync(3);
        chain.Chain.SetPinned(points[1].Id, true);
        chain.Chain.SetPinned(points[1].Id, true);

        var done = await PruneAsync(chain, new RetentionPolicy { KeepLast = 1 });
        done.Kept.Select(k => (k.Point.Id, k.Reasons.First())).Should()
            .Equal((points[1].Id, KeepReason.Pinned), (points[2].Id, KeepReason.Last));
        await chain.ShouldBeExactAsync();

        chain.Chain.SetPinned(points[1].Id, false);
        (await PruneAsync(chain, new RetentionPolicy { KeepLast = 1 })).Removed.Should().ContainSingle();
        await chain.ShouldBeExactAsync([points[2].Id]);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_point_that_is_read_stays()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        var points = await chain.AddLineAsync(4);
        PrunePlan done;
        var contents = chain.Chain.Read();
        using (PointUse.Share(contents, contents.Points.Where(p => p.Id == points[1].Id)))
            done = await PruneAsync(chain, new RetentionPolicy { KeepLast = 1 });

        done.Removed.Select(r => r.Point.Id).Should().Equal(points[2].Id);
        done.Kept.Where(k => k.Reasons is [KeepReason.InUse]).Select(k => k.Point.Id).Should().Equal(points[0].Id, points[1].Id);
        await chain.ShouldBeExactAsync();
        await PruneAsync(chain, new RetentionPolicy { KeepLast = 1 });
        chain.Points.Should().ContainSingle();
        await chain.ShouldBeExactAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task Damage_is_not_merged_into_a_sound_point()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        var points = await chain.AddLineAsync(3);
        DiskInspector.WriteNote(chain.Chain.FilesOf(points[1], points[1].Disks[0]), "block 3 is wrong");
        var full = await chain.AddAsync(null, 24, new Write(0, 1));

        var done = await PruneAsync(chain, new RetentionPolicy { Remove = [points[1].Id] });

        done.Removed.Should().BeEmpty();
        done.Kept.Single(k => k.Point.Id == points[1].Id).Reasons.Should().Equal(KeepReason.Damaged);
        // Together with what is built on it, it goes.
        done = await PruneAsync(chain, new RetentionPolicy { KeepLast = 1 });
        done.Kept.Select(k => k.Point.Id).Should().Equal(full.Id);
        await chain.ShouldBeExactAsync([full.Id]);
    }

    [Fact(Timeout = 60_000)]
    public async Task Signed_points_are_merged_only_with_the_key()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        using var key = SigningKey.Load(SigningKeys.Create(folder.File("key")));
        var first = await chain.AddAsync(TimeSpan.FromHours(1), key, ("a", null, 8, [new(0, 1)]));
        var second = await chain.AddAsync(TimeSpan.FromHours(1), key, ("a", first.Id, 8, [new(1, 2)]));
        var policy = new RetentionPolicy { KeepLast = 1 };

        (await PruneAsync(chain, policy)).Kept[0].Reasons.Should().Equal(KeepReason.NeedsKey);
        (await PruneAsync(chain, policy, new PruneOptions { SignKey = key })).Removed.Should().ContainSingle();

        var contents = chain.Chain.Read(key, requireSignature: true);
        contents.Points.Should().ContainSingle(p => p.Id == second.Id && p.SignatureState == SignatureState.Valid);
        contents.FindFault(contents.Points[0], contents.Points[0].Disks[0]).Should().BeNull();
        await chain.ShouldBeExactAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task Verify_without_the_private_key_leaves_an_interrupted_removal_of_signed_points_alone()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        var path = SigningKeys.Create(folder.File("key"));
        using var key = SigningKey.Load(path);
        using var publicKey = SigningKey.Load(path + ".pub");
        var first = await chain.AddAsync(TimeSpan.FromHours(1), key, ("a", null, 8, [new(0, 1)]));
        var second = await chain.AddAsync(TimeSpan.FromHours(1), key, ("a", first.Id, 8, [new(1, 2)]));
        var policy = new RetentionPolicy { KeepLast = 1 };
        var ended = new PruneOptions
        {
            SignKey = key,
            BeforeStep = step =>
            {
                if (step.StartsWith("commit", StringComparison.Ordinal))
                    throw new IOException("killed");
            },
        };
        await FluentActions.Awaiting(() => PruneAsync(chain, policy, ended)).Should().ThrowAsync<BackupException>();
        var before = Files(chain);

        var verify = () => RepositoryVerifier.VerifyAsync(chain.Chain, options: new CheckOptions { SignKey = publicKey });
        (await verify.Should().ThrowAsync<BackupException>()).Which.Message.Should().Contain("has to be signed again");
        Files(chain).Should().BeEquivalentTo(before);

        await PruneAsync(chain, policy, new PruneOptions { SignKey = key });
        (await RepositoryVerifier.VerifyAsync(chain.Chain, options: new CheckOptions { SignKey = publicKey, RequireSignature = true }))
            .Should().OnlyContain(r => r.IsSound && r.Point == second.Id);
        await chain.ShouldBeExactAsync([second.Id]);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_policy_without_a_rule_is_refused()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));

        FluentActions.Invoking(() => RepositoryPruner.Plan(chain.Chain, new RetentionPolicy())).Should().Throw<BackupException>()
            .Where(e => e.Code == BackupErrorCode.InvalidArgument);
    }

    private static Dictionary<string, string> Files(StoredChain chain) =>
        Directory.EnumerateFiles(chain.Chain.Folder, "*", SearchOption.AllDirectories)
            .ToDictionary(f => f, f => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f))));

    internal static Task<PrunePlan> PruneAsync(StoredChain chain, RetentionPolicy policy, PruneOptions? options = null) =>
        RepositoryPruner.ExecuteAsync(RepositoryPruner.Plan(chain.Chain, policy, options), options, Token);
}
