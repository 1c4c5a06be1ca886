using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>guest-fsfreeze-freeze-list</c> (QEMU 2.2).</summary>
public sealed record GuestFsfreezeFreezeListArguments
{
    /// <summary>The mount points of the file systems to freeze; those that are none are ignored. Null for all of them.</summary>
    [JsonPropertyName("mountpoints")]
    public IReadOnlyList<string>? Mountpoints { get; init; }
}
