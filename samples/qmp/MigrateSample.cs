using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Samples.Qmp;

/// <summary>
/// Moves a running VM into a second QEMU on this host. The target was started with the same devices and <c>-incoming defer</c>.
/// </summary>
internal static class MigrateSample
{
    public static async Task RunAsync(string qmp, string targetQmp, string socket, CancellationToken cancellationToken)
    {
        await using var source = await QmpClient.ConnectAsync(QmpEndpoint.Parse(qmp), cancellationToken: cancellationToken);
        await using var target = await QmpClient.ConnectAsync(QmpEndpoint.Parse(targetQmp), cancellationToken: cancellationToken);

        // Without this capability there are no MIGRATION events.
        MigrationCapabilityStatus[] capabilities = [new() { Capability = MigrationCapability.Events, State = true }];
        await source.MigrateSetCapabilitiesAsync(capabilities, cancellationToken);
        await target.MigrateSetCapabilitiesAsync(capabilities, cancellationToken);
        await using var events = source.Subscribe<MigrationEvent>();
        await using var resumed = target.Subscribe<ResumeEvent>();

        // The target listens, and the source connects. "uri" works in every version; "channels" came with 8.2.
        await target.MigrateIncomingAsync($"unix:{socket}", cancellationToken: cancellationToken);
        await source.MigrateAsync($"unix:{socket}", cancellationToken: cancellationToken);
        await foreach (var item in events.WithCancellation(cancellationToken))
        {
            var info = await source.QueryMigrateAsync(cancellationToken);
            Console.WriteLine($"{item.Data.Status}: {(info.Ram?.Transferred ?? 0) >> 10} of {(info.Ram?.Total ?? 0) >> 10} KiB");
            if (item.Data.Status == MigrationStatus.Completed)
                break;
            if (item.Data.Status == MigrationStatus.Failed || item.Data.Status == MigrationStatus.Cancelled)
                throw new InvalidOperationException($"The migration failed, and the VM goes on here: {info.ErrorDesc}");
        }

        // The guest runs in the target now. The source is stopped and has nothing left to do.
        await resumed.WaitForEventAsync(_ => true, TimeSpan.FromSeconds(30), cancellationToken);
        await source.QuitAsync(cancellationToken);
        var status = await target.QueryStatusAsync(cancellationToken);
        Console.WriteLine($"The VM is {status.Status} in the target.");
    }
}
