using System.Text.Json;

namespace QmpBackup.Qmp;

/// <summary>What the serializer does not check of an answer that is not trusted.</summary>
internal static class UntrustedJson
{
    /// <summary>Neither QEMU nor the agent has lists with holes; one that sends them wants its reader to fall into them.</summary>
    /// <exception cref="JsonException">There is a null in an array.</exception>
    public static void ThrowIfNullInArray(ReadOnlySpan<byte> json, int maxDepth)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth });

        // For each level that is open, whether it is an array.
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
