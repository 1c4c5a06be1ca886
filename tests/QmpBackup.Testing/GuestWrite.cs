using System.Globalization;

namespace QmpBackup.Testing;

/// <summary>One write of the "guest". Make it with the methods, not with the constructor.</summary>
public sealed record GuestWrite
{
    private GuestWrite(string command, string verb, long offset, long length, byte pattern)
    {
        Command = command;
        Verb = verb;
        Offset = offset;
        Length = length;
        Pattern = pattern;
    }

    /// <summary>First byte.</summary>
    public long Offset { get; }

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>What the range reads as afterwards.</summary>
    public byte Pattern { get; }

    /// <summary>A discard is advice: a backup's filter ignores it, so what the range holds afterwards has to be read.</summary>
    internal bool IsAdvice => Verb == "discard";

    /// <summary>Asks qemu-io whether the range reads as <see cref="Pattern"/>.</summary>
    internal string Check => string.Create(CultureInfo.InvariantCulture, $"read -P {Pattern} {Offset} {Length}");

    /// <summary>The command of qemu-io.</summary>
    internal string Command { get; }

    /// <summary>The word of qemu-io's answer.</summary>
    internal string Verb { get; }

    /// <summary>Writes one byte value.</summary>
    public static GuestWrite Data(long offset, long length, byte pattern) =>
        new(string.Create(CultureInfo.InvariantCulture, $"write -P {pattern} {offset} {length}"), "wrote", offset, length, pattern);

    /// <summary>Write-zeroes, with unmap where it is wanted.</summary>
    public static GuestWrite Zeroes(long offset, long length, bool unmap = false) =>
        new(string.Create(CultureInfo.InvariantCulture, $"write -z {(unmap ? "-u " : "")}{offset} {length}"), "wrote", offset, length, 0);

    /// <summary>
    /// Discards whole 64 KiB clusters, which read as zeroes afterwards or, where QEMU ignores the discard (it does while a backup
    /// job's filter is there), as before; the oracle follows what happened.
    /// </summary>
    public static GuestWrite Discard(long offset, long length) =>
        offset % 65536 == 0 && length % 65536 == 0
            ? new(string.Create(CultureInfo.InvariantCulture, $"discard {offset} {length}"), "discard", offset, length, 0)
            : throw new ArgumentException("Only whole 64 KiB clusters have a certain content after a discard.");
}
