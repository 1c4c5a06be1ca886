using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Cli.Json;

/// <summary>Documents of one line.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.General, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ProgressDto))]
internal sealed partial class CompactJsonContext : JsonSerializerContext;
