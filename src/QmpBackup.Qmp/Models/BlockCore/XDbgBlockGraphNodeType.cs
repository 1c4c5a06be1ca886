using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// What a node of the block graph is (QAPI <c>XDbgBlockGraphNodeType</c>, QEMU 4.0). Other versions of QEMU may know other
/// values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<XDbgBlockGraphNodeType>))]
public readonly record struct XDbgBlockGraphNodeType(string Value) : IQapiString<XDbgBlockGraphNodeType>
{
    /// <summary><c>block-backend</c>: what a device or an export sees.</summary>
    public static XDbgBlockGraphNodeType BlockBackend { get; } = new("block-backend");

    /// <summary><c>block-job</c>: a job.</summary>
    public static XDbgBlockGraphNodeType BlockJob { get; } = new("block-job");

    /// <summary><c>block-driver</c>: a block node.</summary>
    public static XDbgBlockGraphNodeType BlockDriver { get; } = new("block-driver");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static XDbgBlockGraphNodeType IQapiString<XDbgBlockGraphNodeType>.FromString(string value) => new(value);
}
