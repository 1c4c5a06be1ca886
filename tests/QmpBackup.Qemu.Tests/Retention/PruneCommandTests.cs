using System.Text.Json;
using QmpBackup.Qemu.Tests.Repositories;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Retention;

/// <summary><c>qbackup prune</c>, <c>pin</c> and <c>unpin</c>, as a script runs them.</summary>
public sealed class PruneCommandTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task A_dry_run_says_what_prune_then_does()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        var points = await chain.AddLineAsync(5);
        string[] prune = ["prune", "--repo", chain.Repository.Path, "--trust-repository", "--keep-last", "2", "-o", "json"];

        (await RunAsync(0, "pin", points[0].Id.Value, "--repo", chain.Repository.Path, "--trust-repository")).Stdout.Should().Contain("is pinned");
        var planned = JsonElement.Parse((await RunAsync(0, [.. prune, "--dry-run"])).Stdout);
        chain.Points.Should().HaveCount(5);
        var refused = await RunAsync(2, prune);
        refused.Stderr.Should().Contain("--yes");
        var done = JsonElement.Parse((await RunAsync(0, [.. prune, "--yes"])).Stdout);

        foreach (var document in (JsonElement[])[planned, done])
        {
            document.GetProperty("removed").EnumerateArray().Select(r => r.GetProperty("id").GetString()).Should()
                .Equal(points[1].Id.Value, points[2].Id.Value);
            document.GetProperty("kept").EnumerateArray()
                .Select(k => (k.GetProperty("id").GetString(), string.Join(' ', k.GetProperty("reasons").EnumerateArray().Select(r => r.GetString()))))
                .Should().Equal((points[0].Id.Value, "pinned"), (points[3].Id.Value, "last"), (points[4].Id.Value, "last newest"));
        }

        planned.GetProperty("dryRun").GetBoolean().Should().BeTrue();
        done.GetProperty("dryRun").GetBoolean().Should().BeFalse();
        var listed = JsonElement.Parse((await RunAsync(0, "list", "--repo", chain.Repository.Path, "--trust-repository", "-o", "json")).Stdout);
        listed.GetProperty("points").EnumerateArray().Select(p => p.GetProperty("pinned").GetBoolean()).Should().Equal(true, false, false);
        await RunAsync(0, "unpin", "latest", "--repo", chain.Repository.Path, "--trust-repository");
        await chain.ShouldBeExactAsync([points[0].Id, points[3].Id, points[4].Id]);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_newest_point_stays_even_if_it_is_named()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        var points = await chain.AddLineAsync(2);

        var refused = await RunAsync(8, "prune", "--repo", chain.Repository.Path, "--trust-repository", "--yes", "--point", points[1].Id.Value);

        refused.Stderr.Should().Contain("was not removed");
        (await RunAsync(2, "prune", "--repo", chain.Repository.Path, "--trust-repository", "--yes")).Stderr.Should().Contain("--keep-daily");
        await chain.ShouldBeExactAsync(points.Select(p => p.Id));
    }

    [Fact(Timeout = 120_000)]
    public async Task List_names_a_removal_that_was_interrupted()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        var points = await chain.AddLineAsync(2);
        var plan = RepositoryPruner.Plan(chain.Chain, new RetentionPolicy { KeepLast = 1 });
        var options = new PruneOptions { BeforeStep = step => _ = step.StartsWith("commit", StringComparison.Ordinal) ? throw new IOException("killed") : 0 };
        var prune = () => RepositoryPruner.ExecuteAsync(plan, options, Token);
        await prune.Should().ThrowAsync<BackupException>();
        string[] list = ["list", "--repo", chain.Repository.Path, "--trust-repository"];

        (await RunAsync(0, list)).Stdout.Should().Contain($"The removal of {points[0].Id} was interrupted.");
        await RunAsync(0, "verify", "--repo", chain.Repository.Path, "--trust-repository");
        (await RunAsync(0, list)).Stdout.Should().NotContain(points[0].Id.Value);
        await chain.ShouldBeExactAsync([points[1].Id]);
    }

    /// <summary>SIGKILL at any moment: more by hand with <c>QBACKUP_HISTORIES</c>.</summary>
    [Fact(Timeout = 600_000)]
    public async Task Prune_that_is_killed_leaves_all_points_that_stay_exact()
    {
        await using var folder = TestDirectory.Create();
        var chain = new StoredChain(folder.File("repo"));
        var points = await chain.AddLineAsync(6);
        var kept = points[^2..].Select(p => p.Id).ToList();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        (await KilledAsync(chain.CopyTo(folder.File("first")), null)).Should().BeFalse();
        var duration = clock.Elapsed;
        var count = int.TryParse(Environment.GetEnvironmentVariable("QBACKUP_HISTORIES"), out var many) ? many : 8;
        for (var i = 0; i < count; i++)
        {
            var copy = chain.CopyTo(folder.File($"copy-{i}"));
            // Most of the time passes before the first step: the moments are dense where something is changed.
            await KilledAsync(copy, duration * (0.3 + (0.7 * (i + 0.5) / count)));
            await copy.ShouldBeExactAsync(kept, alsoVerify: false);
            (await KilledAsync(copy, null)).Should().BeFalse();
            copy.Points.Select(p => p.Id).Should().Equal(kept);
            await copy.ShouldBeExactAsync();
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task The_chain_in_the_VM_goes_on_with_an_increment()
    {
        await using var lab = await RepositoryLab.StartAsync();
        await lab.Vm.WriteAsync("a", 0, 0x11, RepositoryLab.Mib);
        var first = (await lab.RunAsync()).Pulled.Point;
        await lab.Vm.WriteAsync("a", 65536, 0x22, 65536);
        var second = (await lab.RunAsync()).Pulled.Point;
        await lab.Vm.WriteAsync("a", 131072, 0x33, 65536);
        await lab.RunAsync();

        var done = await RepositoryPruner.ExecuteAsync(
            RepositoryPruner.Plan(lab.Chain, new RetentionPolicy { KeepLast = 1 }), cancellationToken: Token);
        done.Removed.Select(r => r.Point.Id).Should().Equal(first.Id, second.Id);
        foreach (var removed in done.Removed)
            lab.Expected.Remove((removed.Point.Id, "a"));
        await lab.Vm.WriteAsync("a", 196608, 0x44, 65536);
        var next = (await lab.RunAsync()).Pulled.Point;

        next.Disks.Single().Should().Match<PointDisk>(d => d.Level == BackupLevel.Incremental && d.BytesRead == 65536);
        await lab.ShouldAllBeRightAsync();
    }

    private static async Task<CommandResult> RunAsync(int exitCode, params string[] arguments)
    {
        var result = await Qbackup.RunAsync(arguments, null, Token);
        result.ExitCode.Should().Be(exitCode, result.ToString());
        return result;
    }

    // Whether it was killed before it ended.
    private static async Task<bool> KilledAsync(StoredChain chain, TimeSpan? after)
    {
        await using var prune = Qbackup.Start(
            ["prune", "--repo", chain.Repository.Path, "--trust-repository", "--keep-last", "2", "--yes"]);
        if (after is { } moment)
        {
            // The moment of a kill, not a wait for something.
            await Task.WhenAny(prune.WaitAsync(Token), Task.Delay(moment, Token));
            prune.Send(Signal.Kill);
        }

        return (await prune.WaitAsync(Token)).ExitCode != 0;
    }
}
