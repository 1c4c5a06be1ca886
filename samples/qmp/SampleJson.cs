using System.Text.Json.Serialization;

namespace QmpBackup.Samples.Qmp;

/// <summary>JSON without reflection, as programs that are compiled to native code need it.</summary>
[JsonSerializable(typeof(string))]
internal sealed partial class SampleJson : JsonSerializerContext;
