using System.Text.Json;

namespace QmpBackup.Qmp;

/// <summary>Checks of an untrusted answer that the serializer does not make.</summary>
internal static class UntrustedJson
{
    /// <summary>
    /// Refuses null in lists. Neither QEMU nor its agent sends it, so only a hostile peer does, and callers do not expect it.
    /// </summary>
    /// <exception cref="JsonException">A list holds null.</exception>
    public static void ThrowIfNullInArray(ReadOnlySpan<byte> json, int maxDepth)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth });

        // For each open level: whether it is an array.
        Span<bool> arrays = stackalloc bool[maxDepth + 1];
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartArray:
                    arrays[reader.CurrentDepth] = true;
                    break;
                case JsonTokenType.StartObject:
                    arrays[reader.CurrentDepth] = false;
                    break;
                case JsonTokenType.Null when reader.CurrentDepth > 0 && arrays[reader.CurrentDepth - 1]:
                    throw new UnexpectedJsonException("There is a null in a list.");
            }
        }
    }
}
