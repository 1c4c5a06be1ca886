using System.Text.Json;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Samples.Qmp;

/// <summary>Plugs a disk into a running VM, and out again.</summary>
internal static class HotplugSample
{
    public static async Task RunAsync(string qmp, string image, string? bus, CancellationToken cancellationToken)
    {
        await using var client = await QmpClient.ConnectAsync(QmpEndpoint.Parse(qmp), cancellationToken: cancellationToken);

        // The disk has two parts: a block node on the host, and a device in the guest.
        await client.BlockdevAddAsync(
            new BlockdevOptionsRaw { NodeName = "extra", File = new BlockdevOptionsFile { Filename = image } }, cancellationToken);
        await client.DeviceAddAsync(
            new DeviceAddArguments
            {
                Driver = "virtio-blk-pci",
                Id = "extra-disk",
                Bus = bus,
                // The schema does not list what a device takes, so that its own properties are JSON.
                More = new Dictionary<string, JsonElement>
                {
                    ["drive"] = JsonSerializer.SerializeToElement("extra", SampleJson.Default.String),
                },
            },
            cancellationToken);
        Console.WriteLine("The guest has the disk extra-disk.");
        foreach (var drive in await client.QueryBlockAsync(cancellationToken: cancellationToken))
            Console.WriteLine($"  {drive.QDev ?? drive.Device}: {drive.Inserted?.Image.VirtualSize >> 20} MiB, {drive.Inserted?.Driver}");

        // device_del only asks the guest. DEVICE_DELETED says that the guest has let go of it. Subscribe first: the event may be quick.
        await using var deleted = client.Subscribe<DeviceDeletedEvent>();
        await client.DeviceDelAsync("extra-disk", cancellationToken);
        await deleted.WaitForEventAsync(item => item.Device == "extra-disk", TimeSpan.FromSeconds(30), cancellationToken);
        await client.BlockdevDelAsync("extra", cancellationToken);
        Console.WriteLine("The disk is gone.");
    }
}
