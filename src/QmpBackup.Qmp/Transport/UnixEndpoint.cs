using System.Text;

namespace QmpBackup.Qmp;

/// <summary>A QMP server on a unix domain socket.</summary>
/// <remarks>A unix socket's path holds at most 107 bytes of UTF-8, a limit of the operating system.</remarks>
public sealed record UnixEndpoint : QmpEndpoint
{
    /// <summary>The most bytes of UTF-8 that the path of a unix socket can have.</summary>
    public const int MaxPathBytes = 107;

    private readonly string _path;

    /// <summary>Makes an endpoint of the path of a unix socket.</summary>
    /// <param name="Path">The path of the socket, absolute or relative to the working directory.</param>
    /// <exception cref="ArgumentException">The path is empty, longer than 107 bytes, or contains a NUL character.</exception>
    public UnixEndpoint(string Path) => _path = Check(Path);

    /// <summary>The path of the socket, absolute or relative to the working directory.</summary>
    /// <exception cref="ArgumentException">The path is empty, longer than 107 bytes, or contains a NUL character.</exception>
    public string Path
    {
        get => _path;
        init => _path = Check(value);
    }

    /// <summary>The canonical form, <c>unix:/path</c>.</summary>
    /// <returns>The canonical form.</returns>
    public override string ToString() => "unix:" + Path;

    internal static string? FindFault(string path)
    {
        if (string.IsNullOrEmpty(path))
            return "The path of the unix socket is empty. Write unix:/path.";
        if (path.Contains('\0', StringComparison.Ordinal))
            return "The path of the unix socket contains a NUL character.";
        var bytes = Encoding.UTF8.GetByteCount(path);
        return bytes <= MaxPathBytes
            ? null
            : $"The path of the unix socket is {bytes} bytes long and the operating system allows {MaxPathBytes}. "
            + $"Use a shorter path or a path relative to the working directory: {PeerText.Escape(path)}";
    }

    private static string Check(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return FindFault(path) is { } fault ? throw new ArgumentException(fault, nameof(path)) : path;
    }
}
