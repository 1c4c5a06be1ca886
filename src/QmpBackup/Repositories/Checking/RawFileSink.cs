using Microsoft.Win32.SafeHandles;

namespace QmpBackup.Repositories.Checking;

/// <summary>Writes a fresh, sparse file.</summary>
internal sealed class RawFileSink : IBlockSink, IDisposable
{
    private readonly SafeFileHandle _file;

    public RawFileSink(string path, long size)
    {
        _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        RandomAccess.SetLength(_file, size);
    }

    // Into the page cache: what a thread switch costs is more than what it takes.
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, long offset, CancellationToken cancellationToken)
    {
        RandomAccess.Write(_file, bytes.Span, offset);
        return ValueTask.CompletedTask;
    }

    public ValueTask ZeroAsync(long offset, long length, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public void Dispose() => _file.Dispose();
}
