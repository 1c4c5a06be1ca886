using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>JSON metadata of all messages to and from a guest agent.</summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    GenerationMode = JsonSourceGenerationMode.Metadata,
    MaxDepth = GuestAgentOptions.MaxDepthLimit,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(GuestAgentInfo))]
[JsonSerializable(typeof(GuestExec))]
[JsonSerializable(typeof(GuestExecArguments))]
[JsonSerializable(typeof(GuestExecStatus))]
[JsonSerializable(typeof(GuestExecStatusArguments))]
[JsonSerializable(typeof(GuestFsfreezeFreezeListArguments))]
[JsonSerializable(typeof(GuestFsfreezeStatus))]
[JsonSerializable(typeof(GuestOSInfo))]
[JsonSerializable(typeof(GuestShutdownArguments))]
[JsonSerializable(typeof(GuestSyncArguments))]
[JsonSerializable(typeof(IReadOnlyList<GuestFilesystemInfo>))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(QmpVoid))]
[JsonSerializable(typeof(long))]
internal sealed partial class GuestAgentJsonContext : JsonSerializerContext;
