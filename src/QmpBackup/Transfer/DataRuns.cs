using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Hashes;

namespace QmpBackup.Transfer;

/// <summary>Finds where in a file the data of a disk is; everything else is zero.</summary>
internal static partial class DataRuns
{
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const int NothingBehind = 6;

#pragma warning disable CS1998 // The two have the same shape.
    /// <summary>Of a raw file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="size">The disk's size, in bytes.</param>
    /// <exception cref="InvalidDataException">The file has another size.</exception>
    public static async IAsyncEnumerable<DataRun> OfRawAsync(SafeFileHandle file, long size)
#pragma warning restore CS1998
    {
        // QEMU rounds a raw file up to a sector.
        if (RandomAccess.GetLength(file) is var length && (length < size || length - size >= 512))
            throw new InvalidDataException($"the file has {length} bytes, the disk has {size}");
        var (next, end) = (0L, HashBlock.Count(size));
        while (next < end)
        {
            var data = Seek(file, next * HashBlock.Size, SeekData);
            if (data < 0 && Marshal.GetLastPInvokeError() == NothingBehind)
                break;
            // A file system that cannot tell: all may be data.
            var hole = data < 0 ? size : Seek(file, data, SeekHole);
            var first = data < 0 ? next : data / HashBlock.Size;
            next = hole < 0 ? end : Math.Min(HashBlock.Count(hole), end);
            if (first < next)
                yield return new DataRun(first, next, 0);
        }
    }

    /// <summary>Of an image that was just made, with clusters of the size of a block.</summary>
    /// <param name="tools">The programs.</param>
    /// <param name="path">The image.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="InvalidDataException">It is no such image.</exception>
    public static async IAsyncEnumerable<DataRun> OfImageAsync(
        QemuTools tools, string path, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var line in QemuImage.MapAsync(tools, path, "qcow2", cancellationToken).ConfigureAwait(false))
        {
            if (Parse(line) is { } run)
                yield return run;
        }
    }

    // [{ "start": 0, "length": 65536, "depth": 0, "present": true, "zero": false, "data": true, "offset": 327680},
    private static DataRun? Parse(string line)
    {
        var text = line.AsSpan().Trim("[], ");
        if (text.IsEmpty)
            return null;
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text.ToString()));
        long start = -1, length = -1, offset = -1;
        bool zero = false, compressed = false;
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName)
                    continue;
                var name = reader.GetString();
                reader.Read();
                if (name == "start")
                    start = reader.GetInt64();
                else if (name == "length")
                    length = reader.GetInt64();
                else if (name == "offset")
                    offset = reader.GetInt64();
                else if (name == "zero")
                    zero = reader.GetBoolean();
                else if (name == "compressed")
                    compressed = reader.GetBoolean();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw Unknown(e);
        }

        // Of an image of no bytes there is one entry, of no bytes.
        if (zero || length == 0)
            return null;
        // The last cluster may be longer than what of it is the disk's.
        if (compressed || start < 0 || length <= 0 || offset < 0 || start % HashBlock.Size != 0 || offset % HashBlock.Size != 0)
            throw Unknown();
        var first = start / HashBlock.Size;
        return new DataRun(first, first + HashBlock.Count(length), (offset / HashBlock.Size) - first);
    }

    private static InvalidDataException Unknown(Exception? inner = null) => new("qemu-img does not say where in the file the data is", inner);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int whence);
}
