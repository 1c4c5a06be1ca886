using System.Text.Json;
using System.Text.Json.Serialization;
using QmpBackup.Transfer;

namespace QmpBackup.Repository;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, MaxDepth = 16)]
[JsonSerializable(typeof(RepositoryPoint))]
[JsonSerializable(typeof(DiskTally))]
internal sealed partial class RepositoryJsonContext : JsonSerializerContext;
