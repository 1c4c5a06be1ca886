using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// The arguments of <c>blockdev-create</c> (QEMU 3.0), which starts a job that must be dismissed with <c>job-dismiss</c>.
/// </summary>
public sealed record BlockdevCreateArguments
{
    /// <summary>The id of the job.</summary>
    [JsonPropertyName("job-id")]
    public required string JobId { get; init; }

    /// <summary>The image to create.</summary>
    [JsonPropertyName("options")]
    public required BlockdevCreateOptions Options { get; init; }
}

/// <summary>
/// An image to create (QAPI <c>BlockdevCreateOptions</c>, QEMU 2.12): a <see cref="BlockdevCreateOptionsFile"/>, a
/// <see cref="BlockdevCreateOptionsQcow2"/>, or a <see cref="BlockdevCreateOptionsJson"/> for other drivers.
/// </summary>
[JsonConverter(typeof(BlockdevCreateOptionsConverter))]
public abstract record BlockdevCreateOptions
{
    private protected BlockdevCreateOptions()
    {
    }

    /// <summary>The driver.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public abstract string Driver { get; }

    internal abstract void WriteTo(Utf8JsonWriter writer);
}

/// <summary>A file to create (QAPI <c>BlockdevCreateOptionsFile</c>, QEMU 2.12).</summary>
public sealed record BlockdevCreateOptionsFile : BlockdevCreateOptions
{
    /// <summary><c>file</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "file";

    /// <summary>The path, on the host of the VM. An existing file is overwritten.</summary>
    [JsonPropertyName("filename")]
    public required string Filename { get; init; }

    /// <summary>The size in bytes.</summary>
    [JsonPropertyName("size")]
    public required long Size { get; init; }

    /// <summary>The preallocation; default off.</summary>
    [JsonPropertyName("preallocation")]
    public PreallocMode? Preallocation { get; init; }

    /// <summary>Whether to turn off copy-on-write, on btrfs.</summary>
    [JsonPropertyName("nocow")]
    public bool? NoCow { get; init; }

    /// <summary>The extent size hint in bytes, on XFS; 0 for none (QEMU 5.1).</summary>
    [JsonPropertyName("extent-size-hint")]
    public long? ExtentSizeHint { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevCreateOptionsFile);
}

/// <summary>An image to create, as JSON: for drivers and options that have no type in this library.</summary>
/// <remarks><see cref="Json"/> is sent unchanged; the other properties only show its content.</remarks>
public sealed record BlockdevCreateOptionsJson : BlockdevCreateOptions
{
    private readonly string _tag;

    private BlockdevCreateOptionsJson(string tag, JsonElement json)
    {
        _tag = tag;
        Json = json;
    }

    /// <inheritdoc/>
    public override string Driver => _tag;

    /// <summary>The JSON object that is sent.</summary>
    public JsonElement Json { get; }

    /// <summary>Creates the options from a JSON object, without changes.</summary>
    /// <param name="element">The JSON object, with its <c>driver</c>.</param>
    /// <returns>The options.</returns>
    /// <exception cref="ArgumentException">It is not a JSON object, or a required member is missing.</exception>
    public static BlockdevCreateOptionsJson FromElement(JsonElement element)
    {
        var tag = QapiUnion.Member(element, "driver")
            ?? throw new ArgumentException("Expected a JSON object with a string \"driver\".", nameof(element));
        return new(tag, element.Clone());
    }

    internal override void WriteTo(Utf8JsonWriter writer) => Json.WriteTo(writer);
}

/// <summary>
/// The preallocation of a new image (QAPI <c>PreallocMode</c>, QEMU 2.2). Other versions of QEMU may know other
/// values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<PreallocMode>))]
public readonly record struct PreallocMode(string Value) : IQapiString<PreallocMode>
{
    /// <summary><c>off</c>: nothing.</summary>
    public static PreallocMode Off { get; } = new("off");

    /// <summary><c>metadata</c>: the metadata.</summary>
    public static PreallocMode Metadata { get; } = new("metadata");

    /// <summary><c>falloc</c>: the full size, reserved but not written.</summary>
    public static PreallocMode Falloc { get; } = new("falloc");

    /// <summary><c>full</c>: the full size, written.</summary>
    public static PreallocMode Full { get; } = new("full");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static PreallocMode IQapiString<PreallocMode>.FromString(string value) => new(value);
}

internal sealed class BlockdevCreateOptionsConverter() : QapiUnionConverter<BlockdevCreateOptions>("driver")
{
    protected override BlockdevCreateOptions FromElement(string tag, JsonElement element) => Required(tag switch
    {
        "file" => element.Deserialize(QmpJsonContext.Default.BlockdevCreateOptionsFile),
        "qcow2" => element.Deserialize(QmpJsonContext.Default.BlockdevCreateOptionsQcow2),
        _ => BlockdevCreateOptionsJson.FromElement(element),
    });

    protected override void WriteBranch(Utf8JsonWriter writer, BlockdevCreateOptions value) => value.WriteTo(writer);
}
