using System.Buffers.Binary;
using System.Text;

namespace QmpBackup.Repositories;

/// <summary>What the header of a qcow2 image says of its place in a chain.</summary>
/// <param name="Size">The virtual size, in bytes.</param>
/// <param name="BackingFile">The backing file, as it is written there; null for none.</param>
internal sealed record Qcow2Header(long Size, string? BackingFile)
{
    private const uint Magic = 0x514649fb;
    private const int Length = 80;
    private const int CompressionType = 1 << 3;
    private const int MaxName = 1023;
    private const int LengthAt = 100;
    private const int FirstCluster = 1 << 16;
    private const uint BackingFormat = 0xe2792aca;

    /// <summary>Reads it.</summary>
    /// <param name="path">The image.</param>
    /// <exception cref="InvalidDataException">It is no qcow2 image.</exception>
    public static Qcow2Header Read(string path)
    {
        using var file = File.OpenHandle(path);
        Span<byte> header = stackalloc byte[Length];
        if (RandomAccess.Read(file, header, 0) < Length || BinaryPrimitives.ReadUInt32BigEndian(header) != Magic)
            throw new InvalidDataException($"{Path.GetFileName(path)} is no qcow2 image");
        // What run builds on must at least be openable: the version, and whatever else a reader must understand (dirty, corrupt, external data).
        if (BinaryPrimitives.ReadInt32BigEndian(header[4..]) != 3 || (BinaryPrimitives.ReadUInt64BigEndian(header[72..]) & ~(ulong)CompressionType) != 0)
            throw new InvalidDataException($"{Path.GetFileName(path)} has a damaged header");
        var tables = RandomAccess.GetLength(file);
        if (BinaryPrimitives.ReadUInt64BigEndian(header[40..]) >= (ulong)tables || BinaryPrimitives.ReadUInt64BigEndian(header[48..]) >= (ulong)tables)
            throw new InvalidDataException($"{Path.GetFileName(path)} has a damaged header");
        var at = BinaryPrimitives.ReadInt64BigEndian(header[8..]);
        var length = BinaryPrimitives.ReadInt32BigEndian(header[16..]);
        var size = BinaryPrimitives.ReadInt64BigEndian(header[24..]);
        if (at == 0) return new Qcow2Header(size, null);
        Span<byte> name = stackalloc byte[MaxName];
        if (at < 0 || length is <= 0 or > MaxName || RandomAccess.Read(file, name[..length], at) < length)
            throw new InvalidDataException($"{Path.GetFileName(path)} has a damaged header");
        // Whoever opens it with what it is built on goes by this format; verification opens each image alone.
        return IsFormatNamed(file) ? new Qcow2Header(size, Encoding.UTF8.GetString(name[..length])) : throw new InvalidDataException($"{Path.GetFileName(path)} has a damaged header");
    }

    private static bool IsFormatNamed(Microsoft.Win32.SafeHandles.SafeFileHandle file)
    {
        Span<byte> start = stackalloc byte[sizeof(uint)];
        Span<byte> extension = stackalloc byte[16];
        RandomAccess.Read(file, start, LengthAt);
        for (long at = BinaryPrimitives.ReadUInt32BigEndian(start); at < FirstCluster && RandomAccess.Read(file, extension, at) == extension.Length;)
        {
            var (type, length) = (BinaryPrimitives.ReadUInt32BigEndian(extension), BinaryPrimitives.ReadUInt32BigEndian(extension[4..]));
            if (type == BackingFormat) return length == 5 && extension[8..13].SequenceEqual("qcow2"u8);
            if (type == 0) return false;
            at += 8 + ((length + 7L) & ~7L);
        }

        return false;
    }
}
