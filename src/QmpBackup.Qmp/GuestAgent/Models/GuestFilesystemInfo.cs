using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A mounted file system (QGA <c>GuestFilesystemInfo</c>, answer of <c>guest-get-fsinfo</c>, QEMU 2.2).</summary>
public sealed record GuestFilesystemInfo
{
    /// <summary>The name of the device in the guest, such as <c>vda1</c>.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>Where it is mounted. The guest's own text: never use it as a path of the host.</summary>
    [JsonPropertyName("mountpoint")]
    public required string Mountpoint { get; init; }

    /// <summary>The type of the file system, such as <c>ext4</c>.</summary>
    [JsonPropertyName("type")]
    public required string Type { get; init; }

    /// <summary>Bytes in use (QEMU 3.0).</summary>
    [JsonPropertyName("used-bytes")]
    public ulong? UsedBytes { get; init; }

    /// <summary>Bytes that users without privileges can have (QEMU 3.0).</summary>
    [JsonPropertyName("total-bytes")]
    public ulong? TotalBytes { get; init; }

    /// <summary>Bytes that there are (QEMU 9.1).</summary>
    [JsonPropertyName("total-bytes-privileged")]
    public ulong? TotalBytesPrivileged { get; init; }

    /// <summary>The disks that it lies on, where the agent can tell.</summary>
    [JsonPropertyName("disk")]
    public IReadOnlyList<GuestDiskAddress>? Disk { get; init; }
}
