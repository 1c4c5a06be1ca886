using System.Text.Json;

namespace QmpBackup.Qmp.Tests;

/// <summary>Where two JSON values differ, member by member; numbers are compared by value.</summary>
internal static class JsonDifference
{
    public static IEnumerable<string> Between(JsonElement expected, JsonElement actual, string path = "")
    {
        switch (expected.ValueKind, actual.ValueKind)
        {
            case (JsonValueKind.Object, JsonValueKind.Object):
                foreach (var member in expected.EnumerateObject())
                {
                    var inner = path.Length == 0 ? member.Name : $"{path}.{member.Name}";
                    if (!actual.TryGetProperty(member.Name, out var value))
                    {
                        var text = member.Value.GetRawText();
                        yield return $"{inner} is lost ({text[..Math.Min(40, text.Length)]})";
                        continue;
                    }

                    foreach (var difference in Between(member.Value, value, inner))
                        yield return difference;
                }

                foreach (var member in actual.EnumerateObject().Where(member => !expected.TryGetProperty(member.Name, out _)))
                    yield return $"{path}.{member.Name} is new";
                break;
            case (JsonValueKind.Array, JsonValueKind.Array):
                if (expected.GetArrayLength() != actual.GetArrayLength())
                    yield return $"{path} has {actual.GetArrayLength()} elements instead of {expected.GetArrayLength()}";
                foreach (var (one, other) in expected.EnumerateArray().Zip(actual.EnumerateArray()))
                {
                    foreach (var difference in Between(one, other, path + "[]"))
                        yield return difference;
                }

                break;
            default:
                if (!JsonElement.DeepEquals(expected, actual))
                    yield return $"{path} is {actual.GetRawText()} instead of {expected.GetRawText()}";
                break;
        }
    }
}
