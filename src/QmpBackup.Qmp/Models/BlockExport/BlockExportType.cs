using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A kind of export (QAPI <c>BlockExportType</c>, QEMU 5.2). Other versions of QEMU may know other values.</summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockExportType>))]
public readonly record struct BlockExportType(string Value) : IQapiString<BlockExportType>
{
    /// <summary><c>nbd</c>: NBD.</summary>
    public static BlockExportType Nbd { get; } = new("nbd");

    /// <summary><c>vhost-user-blk</c>: vhost-user-blk.</summary>
    public static BlockExportType VhostUserBlk { get; } = new("vhost-user-blk");

    /// <summary><c>fuse</c>: a file through FUSE (QEMU 6.0).</summary>
    public static BlockExportType Fuse { get; } = new("fuse");

    /// <summary><c>vduse-blk</c>: vduse-blk (QEMU 7.1).</summary>
    public static BlockExportType VduseBlk { get; } = new("vduse-blk");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockExportType IQapiString<BlockExportType>.FromString(string value) => new(value);
}
