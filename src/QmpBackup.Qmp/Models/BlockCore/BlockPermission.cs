using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>What a user of a node may do (QAPI <c>BlockPermission</c>, QEMU 4.0). Other versions of QEMU may know other values.</summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockPermission>))]
[SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "The name of QAPI.")]
public readonly record struct BlockPermission(string Value) : IQapiString<BlockPermission>
{
    /// <summary><c>consistent-read</c>: read data that make sense.</summary>
    public static BlockPermission ConsistentRead { get; } = new("consistent-read");

    /// <summary><c>write</c>: write.</summary>
    public static BlockPermission Write { get; } = new("write");

    /// <summary><c>write-unchanged</c>: write what is there already.</summary>
    public static BlockPermission WriteUnchanged { get; } = new("write-unchanged");

    /// <summary><c>resize</c>: change the size.</summary>
    public static BlockPermission Resize { get; } = new("resize");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockPermission IQapiString<BlockPermission>.FromString(string value) => new(value);
}
