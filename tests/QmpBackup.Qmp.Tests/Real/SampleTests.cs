using QmpBackup.Testing;

namespace QmpBackup.Qmp.Tests;

/// <summary>The samples for users of QMP, with a real VM and its guest.</summary>
public sealed class SampleTests
{
    [Theory(Timeout = 180_000)]
    [InlineData("7.2")]
    [InlineData("11.1")]
    public async Task Every_sample_does_what_it_says(string version)
    {
        var token = TestContext.Current.CancellationToken;
        Assert.SkipUnless(GuestVm.IsAvailable, GuestVm.Missing);
        Assert.SkipUnless(QemuBinaries.TryGet(version) is not null, QemuBinaries.Missing(version));
        var samples = Folder();
        var program = Directory.EnumerateFiles(Path.Combine(samples, "bin"), "qmp-sample", SearchOption.AllDirectories).MaxBy(File.GetLastWriteTimeUtc);
        var environment = new Dictionary<string, string?> { ["QMP_SAMPLE"] = program, ["QEMU"] = QemuBinaries.TryGet(version)!.System };
        var run = await CommandRunner.RunAsync(
            Path.Combine(samples, "run.sh"), [], new CommandOptions { Environment = environment, Timeout = TimeSpan.FromMinutes(2) }, token);

        run.EnsureSuccess();
        run.Stdout.TrimEnd().Should().Contain("Linux ").And.Contain("32 MiB, raw").And.Contain("The disk is gone.")
            .And.Contain("ready: 65536 of 65536 KiB").And.Contain("completed: ").And.Contain("The VM is running in the target.")
            .And.EndWith("All samples passed.");
    }

    private static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Path.Combine(folder.FullName, "samples", "qmp") is var samples && Directory.Exists(samples))
                return samples;
        }

        throw new DirectoryNotFoundException("There is no folder samples/qmp above the tests.");
    }
}
