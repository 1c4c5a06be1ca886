using QmpBackup.Qemu.Tests.Repositories;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Pulling;

/// <summary>The progress of a mostly empty disk counts what has to be read.</summary>
public sealed class ProgressTests
{
    private sealed class ProgressLog : IProgress<PullProgress>
    {
        private readonly List<PullProgress> _all = [];

        public void Report(PullProgress value)
        {
            lock (_all)
                _all.Add(value);
        }

        public List<PullProgress> All()
        {
            lock (_all)
                return [.. _all];
        }
    }

    [Fact(Timeout = 90_000)]
    public async Task Progress_of_a_sparse_disk_counts_what_has_to_be_read_and_never_exceeds_the_throttle()
    {
        await using var lab = await RepositoryLab.StartAsync(null, new TestDisk("a") { Size = 256 * Mib });
        foreach (var at in new[] { 0, 100, 250 })
            await lab.Vm.WriteAsync("a", at * Mib, 0x11, 4 * Mib);
        var pulled = new ProgressLog();
        lab.Options = new PullOptions { BytesPerSecond = 8 * Mib, Progress = pulled };
        await lab.RunAsync();
        await lab.Vm.WriteAsync("a", 60 * Mib, 0x22, 2 * Mib);
        await lab.Vm.WriteZeroesAsync("a", 100 * Mib, 4 * Mib);
        var reports = pulled.All();
        reports.Should().HaveCountGreaterThan(3).And.OnlyContain(p => p.BytesPerSecond <= 8 * Mib && p.Done == p.BytesRead);
        // The whole map is known long before the first quarter is read.
        reports.Where(p => p.Done >= 3 * Mib).Should().OnlyContain(p => p.Total == 12 * Mib);
        reports[^1].Done.Should().Be(12 * Mib);

        var increment = new ProgressLog();
        lab.Options = new PullOptions { Progress = increment };
        await lab.RunAsync();
        increment.All()[^1].Should().Match<PullProgress>(p => p.Done == 2 * Mib && p.Total == 2 * Mib && p.BytesRead == 2 * Mib);

        var verified = new ProgressLog();
        await RepositoryVerifier.VerifyAsync(lab.Chain, options: new CheckOptions { Progress = verified }, cancellationToken: Token);
        verified.All()[^1].Should().Match<PullProgress>(p => p.Done == 14 * Mib && p.Total == 14 * Mib && p.BytesRead == 14 * Mib);
        foreach (var format in new[] { ImageFormat.Raw, ImageFormat.Qcow2 })
        {
            var restored = new ProgressLog();
            await new Restorer(lab.Chain, new CheckOptions { Progress = restored })
                .RestoreAsync("latest", "a", lab.Vm.Directory.File("out." + format), format, cancellationToken: Token);
            restored.All()[^1].Should().Match<PullProgress>(p => p.Done == 10 * Mib && p.Total == 10 * Mib && p.BytesRead == 10 * Mib);
        }
    }
}
