using System.Text.Json;

namespace QmpBackup.Qmp;

internal static class QapiUnion
{
    /// <summary>A string member of a JSON object, or null when there is none.</summary>
    public static string? Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
