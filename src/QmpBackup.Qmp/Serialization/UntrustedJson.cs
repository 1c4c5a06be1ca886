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

        // One bit a level, set where that level is an array: there are at most 64 levels.
        ulong arrays = 0;
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartArray:
                    arrays |= 1UL << (reader.CurrentDepth & 63);
                    break;
                case JsonTokenType.StartObject:
                    arrays &= ~(1UL << (reader.CurrentDepth & 63));
                    break;
                case JsonTokenType.Null when reader.CurrentDepth > 0 && (arrays & (1UL << ((reader.CurrentDepth - 1) & 63))) != 0:
                    throw new UnexpectedJsonException("There is a null in a list.");
            }
        }
    }
}
