using System.Collections.Immutable;
using System.Text.Json;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Observing;

/// <summary>
/// Finds the guest devices that hold data past QEMU's block layer. Only the device tree shows them: two questions, and a third where a host
/// device is passed through. Shared file systems (virtiofs, 9p) and USB devices of the host are no disks here.
/// </summary>
internal static class UnseenDiskFinder
{
    private const int MassStorage = 0x01;

    private const string VhostUser =
        "another process serves it (vhost-user), and QEMU does not see what the guest writes to it. Back it up where it is served";

    private const string Vhost =
        "the host's kernel serves it (vhost), and QEMU does not see what the guest writes to it. Back up the target on the host";

    private const string Vfio = "it is a device of the host that is passed through, and QEMU does not see what the guest writes to it";

    // The beginning of the type's name: the rest says the bus (-pci, -device, -ccw) and the transport (-transitional, …).
    private static readonly ImmutableArray<(string Type, string Reason)> Kinds =
    [
        ("vhost-user-blk", VhostUser),
        ("vhost-user-scsi", VhostUser),
        ("vhost-scsi", Vhost),
        ("vhost-vdpa-device", "the host's hardware serves it (vDPA), and QEMU does not see what the guest writes to it"),
        ("virtio-pmem", "it is memory that the guest writes directly, and QEMU does not see that. Back up the file behind it on the host"),
        ("nvdimm", "it is memory that the guest writes directly, and QEMU does not see that. Back up the file behind it on the host"),
        ("vfio-ccw", Vfio),
    ];

    /// <summary>Finds them.</summary>
    /// <param name="client">The connection.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public static async Task<ImmutableArray<UnseenDisk>> FindAsync(IQmpClient client, CancellationToken cancellationToken)
    {
        List<(string Name, string Type)> devices =
        [
            .. await ListAsync(client, "peripheral", "", cancellationToken).ConfigureAwait(false),
            .. await ListAsync(client, "peripheral-anon", "peripheral-anon/", cancellationToken).ConfigureAwait(false),
        ];
        var found = ImmutableArray.CreateBuilder<UnseenDisk>();
        foreach (var (name, type) in devices)
        {
            if (Kinds.FirstOrDefault(k => IsOf(type, k.Type)) is { Type: not null } kind)
                found.Add(new UnseenDisk(name, type, kind.Reason));
        }

        var passed = devices.Where(d => IsOf(d.Type, "vfio-pci") || IsOf(d.Type, "vfio-user-pci")).ToList();
        if (passed.Count == 0)
            return found.ToImmutable();
        var classes = await ClassesAsync(client, cancellationToken).ConfigureAwait(false);
        foreach (var (name, type) in passed)
        {
            if (!classes.TryGetValue(name, out var known))
                found.Add(new UnseenDisk(name, type, Vfio + ". It may not be a disk: QEMU does not say what it is"));
            else if (known >> 8 == MassStorage)
                found.Add(new UnseenDisk(name, type, Vfio));
        }

        return found.ToImmutable();
    }

    private static bool IsOf(string type, string kind) =>
        type.StartsWith(kind, StringComparison.Ordinal) && (type.Length == kind.Length || type[kind.Length] == '-');

    private static async Task<IEnumerable<(string Name, string Type)>> ListAsync(
        IQmpClient client, string container, string prefix, CancellationToken cancellationToken)
    {
        try
        {
            var properties = await client.QomListAsync("/machine/" + container, cancellationToken).ConfigureAwait(false);
            return properties
                .Where(p => p.Type is ['c', 'h', 'i', 'l', 'd', '<', .., '>'])
                .Select(p => (prefix + p.Name, p.Type["child<".Length..^1]));
        }
        catch (QmpCommandException)
        {
            // There is no such container where no device was ever added.
            return [];
        }
    }

    // PCI's class and subclass, by the id of the device.
    private static async Task<Dictionary<string, int>> ClassesAsync(IQmpClient client, CancellationToken cancellationToken)
    {
        var classes = new Dictionary<string, int>();
        try
        {
            Collect(await client.ExecuteAsync(QmpRequest.Raw("query-pci"), cancellationToken).ConfigureAwait(false), classes);
        }
        catch (QmpCommandException)
        {
            // A machine without PCI.
        }

        return classes;
    }

    // Behind a bridge is another list of devices.
    private static void Collect(JsonElement element, Dictionary<string, int> classes)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
                Collect(item, classes);
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            if (element.TryGetProperty("qdev_id", out var id) && id.ValueKind == JsonValueKind.String
                && id.GetString() is { Length: > 0 } name
                && element.TryGetProperty("class_info", out var info) && info.ValueKind == JsonValueKind.Object
                && info.TryGetProperty("class", out var number) && number.ValueKind == JsonValueKind.Number
                    && number.TryGetInt32(out var value))
            {
                classes[name] = value;
            }

            foreach (var below in (string[])["devices", "pci_bridge"])
            {
                if (element.TryGetProperty(below, out var more))
                    Collect(more, classes);
            }
        }
    }
}
