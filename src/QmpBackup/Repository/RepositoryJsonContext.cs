using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Repository;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, MaxDepth = 16)]
[JsonSerializable(typeof(RepositoryPoint))]
internal sealed partial class RepositoryJsonContext : JsonSerializerContext;
