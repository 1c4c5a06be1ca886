using System.Text.Json;
using QmpBackup.Testing;

namespace QmpBackup.Qmp.Tests;

/// <summary>The generated types against the schema of each QEMU of the lab, and the guest agent's list of commands.</summary>
public sealed class ConformanceTests
{
    [Theory(Timeout = 60_000)]
    [InlineData("5.2")]
    [InlineData("7.2")]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task Every_command_and_event_of_a_vm_is_generated_as_it_is(string version)
    {
        var token = TestContext.Current.CancellationToken;
        Assert.SkipUnless(QemuBinaries.TryGet(version) is not null, QemuBinaries.Missing(version));
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Binaries = QemuBinaries.TryGet(version), Paused = true }, token);
        var schema = await vm.Monitor.ExecuteAsync("query-qmp-schema", null, token);
        ShouldConform(schema, vm.Binaries, isWhole: true);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("5.2")]
    [InlineData("7.2")]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task Every_command_and_event_of_a_storage_daemon_is_generated_as_it_is(string version)
    {
        var token = TestContext.Current.CancellationToken;
        Assert.SkipUnless(QemuBinaries.TryGet(version) is not null, QemuBinaries.Missing(version));
        await using var daemon = await StorageDaemon.StartAsync(
            new StorageDaemonOptions { Binaries = QemuBinaries.TryGet(version), GuestExports = false }, token);
        var schema = await daemon.Monitor.ExecuteAsync("query-qmp-schema", null, token);
        ShouldConform(schema, daemon.Binaries, isWhole: false);
    }

    private static void ShouldConform(JsonElement schema, QemuBinaries binaries, bool isWhole)
    {
        var comparison = new SchemaComparison(new LiveSchema(schema), binaries.Version, isNewest: binaries.Version.Major >= 10);
        var differences = comparison.Run(GeneratedApi.Qemu, isWhole);
        comparison.Compared.Should().BeGreaterThan(isWhole ? 500 : 200);
        if (differences.Count > 0)
            Assert.Fail($"{binaries} and the generated types differ in {differences.Count} places:\n{string.Join('\n', differences)}");
    }
}
