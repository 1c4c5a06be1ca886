using System.Text.Json.Serialization;

namespace QmpBackup;

/// <summary>The format of a restored image.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ImageFormat>))]
public enum ImageFormat
{
    /// <summary>QEMU's own format: compact.</summary>
    [JsonStringEnumMemberName("qcow2")]
    Qcow2,

    /// <summary>The plain bytes, sparse where they are zero.</summary>
    [JsonStringEnumMemberName("raw")]
    Raw,
}
