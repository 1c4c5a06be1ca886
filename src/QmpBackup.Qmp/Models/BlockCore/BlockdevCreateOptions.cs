using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// An image to be made (QAPI <c>BlockdevCreateOptions</c>, QEMU 2.12): a <see cref="BlockdevCreateOptionsFile"/>, a
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
