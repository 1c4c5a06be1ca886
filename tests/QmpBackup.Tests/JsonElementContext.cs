using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Tests;

[JsonSerializable(typeof(JsonElement))]
internal sealed partial class JsonElementContext : JsonSerializerContext;
