using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace QmpBackup.Tests.Hostile;

/// <summary>Changes valid files into hostile ones; the same seed gives the same files.</summary>
internal static class Mutation
{
    // Values at which counts, lengths and offsets overflow.
    private static readonly long[] Numbers =
    [
        0, 1, -1, 2, 7, 8, 103, 104, 1023, 1024, 65535, 65536, int.MaxValue, int.MinValue, uint.MaxValue,
        long.MaxValue, long.MinValue, long.MaxValue - 1023, 1L << 47, 1L << 52,
    ];

    private static readonly string[] Pieces =
    [
        "null", "{}", "[]", "[null]", "\"\"", "-1", "1e999", "-0", "9223372036854775808", "true", "\"\\u0000\"", "\"\\ud800\"",
        "\"../../etc/passwd\"", "\"a/../b\"", "\"2026-13-45T99:99:99Z\"", "\"/\"", "\"checksum\": \"", "\"value\": \"",
        ",", "{", "}", "[", "]", "\"", "\\", ":", "\"disks\": null, ", "\"disks\": [], ", "\"parent\": \"x\", ",
    ];

    /// <summary>How many rounds to make: <c>QBACKUP_FUZZ=100</c> makes a hundred times as many.</summary>
    /// <param name="rounds">How many are enough for every build.</param>
    public static int Rounds(int rounds)
    {
        var times = Environment.GetEnvironmentVariable("QBACKUP_FUZZ");
        return string.IsNullOrEmpty(times) ? rounds : checked(rounds * int.Parse(times, CultureInfo.InvariantCulture));
    }

    /// <summary>Numbers and bits that are wrong. The length stays.</summary>
    /// <param name="valid">The valid file.</param>
    /// <param name="random">Chooses what to change.</param>
    public static byte[] InPlace(byte[] valid, Random random)
    {
        byte[] bytes = [.. valid];
        for (var left = random.Next(1, 4); left > 0; left--)
        {
            // The important parts are at the beginning and at the end.
            var near = random.Next(3) switch { 0 => Math.Min(128, bytes.Length), 1 => Math.Min(1024, bytes.Length), _ => bytes.Length };
            var at = random.Next(4) == 0 ? bytes.Length - 1 - random.Next(near) : random.Next(near);
            var number = Numbers[random.Next(Numbers.Length)];
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1 when at % 8 + 8 <= bytes.Length:
                    BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(Math.Min(at & ~7, bytes.Length - 8)), number);
                    break;
                case 2 when bytes.Length >= 8:
                    BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(Math.Min(at & ~3, bytes.Length - 8)), number);
                    break;
                case 3 when bytes.Length >= 4:
                    BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(Math.Min(at & ~3, bytes.Length - 4)), (int)number);
                    break;
                default:
                    bytes[at] = (byte)random.Next(256);
                    break;
            }
        }

        return bytes;
    }

    /// <summary>A part that is missing, there twice, or at the wrong place.</summary>
    /// <param name="valid">The valid file.</param>
    /// <param name="random">Chooses what to change.</param>
    public static byte[] Torn(byte[] valid, Random random)
    {
        List<byte> bytes = [.. valid];
        var at = random.Next(bytes.Count);
        switch (random.Next(3))
        {
            case 0:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 1:
                bytes.RemoveRange(at, Math.Min(random.Next(1, 100), bytes.Count - at));
                break;
            default:
                bytes.InsertRange(at, bytes[at..Math.Min(at + random.Next(1, 100), bytes.Count)]);
                break;
        }

        return [.. bytes];
    }

    /// <summary>JSON with values and parts that are wrong.</summary>
    /// <param name="valid">The valid text.</param>
    /// <param name="random">Chooses what to change.</param>
    public static string OfText(string valid, Random random)
    {
        var text = new StringBuilder(valid);
        for (var left = random.Next(1, 4); left > 0 && text.Length > 0; left--)
        {
            var at = random.Next(text.Length);
            switch (random.Next(6))
            {
                case 0:
                    text[at] = (char)random.Next(32, 127);
                    break;
                case 1:
                    text.Remove(at, Math.Min(random.Next(1, 40), text.Length - at));
                    break;
                case 2:
                    text.Insert(at, text.ToString(at, Math.Min(random.Next(1, 80), text.Length - at)));
                    break;
                case 3:
                    text.Insert(at, Pieces[random.Next(Pieces.Length)]);
                    break;
                default:
                    // Another value for a member.
                    var all = text.ToString();
                    var colon = all.IndexOf(':', at);
                    if (colon < 0)
                        break;
                    var end = all.AsSpan(colon + 1).IndexOfAny(",}\n]") is >= 0 and var length ? colon + 1 + length : all.Length;
                    text.Remove(colon + 1, end - colon - 1).Insert(colon + 1, Pieces[random.Next(Pieces.Length)]);
                    break;
            }
        }

        return text.ToString();
    }
}
