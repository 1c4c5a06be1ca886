using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The answer of a command that answers nothing but that it was carried out.</summary>
[JsonConverter(typeof(QmpVoidConverter))]
public readonly record struct QmpVoid;
