using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Cli.Json;

/// <summary>Members that are null are written: whoever reads a document finds every member that was promised.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.General, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(ErrorDocument))]
[JsonSerializable(typeof(SessionDocument))]
[JsonSerializable(typeof(ThawDocument))]
[JsonSerializable(typeof(WatchDocument))]
[JsonSerializable(typeof(StatusDocument))]
[JsonSerializable(typeof(CloseDocument))]
[JsonSerializable(typeof(InspectDocument))]
[JsonSerializable(typeof(BitmapListDocument))]
[JsonSerializable(typeof(BitmapChangeDocument))]
[JsonSerializable(typeof(PlanDocument))]
[JsonSerializable(typeof(PointDocument))]
[JsonSerializable(typeof(ListDocument))]
[JsonSerializable(typeof(VerifyDocument))]
[JsonSerializable(typeof(RestoreDocument))]
[JsonSerializable(typeof(ReturnDocument))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class CliJsonContext : JsonSerializerContext;
