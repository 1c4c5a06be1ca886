using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Model;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(SessionNote))]
internal sealed partial class SessionJsonContext : JsonSerializerContext;
