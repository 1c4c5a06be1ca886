using System.Text;
using System.Text.Json;

namespace QmpBackup.Qmp.Tests.Hostile;

/// <summary>Changes valid messages into hostile ones; the same seed gives the same messages.</summary>
internal static class Mutation
{
    private static readonly string[] Pieces =
    [
        "\\ud800", "\\udc00", "\\udbff\\u0041", "\\ud83d\\ude00", "\\\\ud800", "\\u0000", "\\u202e", "\"", "\\", "{", "}", "[", "]", ":", ",", "null", "1e999", "-0", "99999999999999999999",
        "\"id\": 1, ", "\"return\": [], ", "\"error\": {}, ", "\"event\": \"X\", ", "\"QMP\": {}, ", "\"name\": null, ", "\r\n", "\t",
    ];

    public static byte[] Of(string message, Random random)
    {
        List<byte> bytes = [.. Encoding.UTF8.GetBytes(message)];
        for (var left = random.Next(1, 4); left > 0; left--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 8), bytes.Count - at - 1));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes[at..Math.Min(at + random.Next(1, 40), bytes.Count)]);
                    break;
                case 3:
                    bytes.Insert(at, (byte)random.Next(0x80, 0x100));
                    break;
                default:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)]));
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Reads all names and strings, like code that shows the value.</summary>
    public static void ReadAll(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    _ = member.Name.Length;
                    ReadAll(member.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                    ReadAll(item);
                break;
            case JsonValueKind.String:
                _ = value.GetString()!.Length;
                break;
        }
    }
}
