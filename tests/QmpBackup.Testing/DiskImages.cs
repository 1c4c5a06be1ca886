using System.Collections.Concurrent;
using System.Globalization;

namespace QmpBackup.Testing;

/// <summary>Makes and reads disk images.</summary>
public static class DiskImages
{
    private static readonly ConcurrentDictionary<(DiskFormat Format, long Size), byte[]> Empty = new();

    /// <summary>Makes an image. Empty qcow2 images are made by qemu-img once and copied afterwards.</summary>
    public static async Task CreateAsync(string path, DiskFormat format, long size, byte[]? content = null)
    {
        var plain = content is { Length: > 0 };
        if (format == DiskFormat.Raw || plain)
        {
            var raw = format == DiskFormat.Raw ? path : path + ".raw";
            await using (var file = new FileStream(raw, FileMode.Create, FileAccess.Write))
            {
                await file.WriteAsync(content ?? []);
                file.SetLength(size);
            }

            if (format == DiskFormat.Raw)
                return;
            await CommandRunner.RunCheckedAsync(
                QemuBinaries.Host.Img, "convert", "-f", "raw", "-O", "qcow2", "-o", Compatibility(format), raw, path);
            File.Delete(raw);
            return;
        }

        if (!Empty.TryGetValue((format, size), out var template))
        {
            await CommandRunner.RunCheckedAsync(
                QemuBinaries.Host.Img, "create", "-q", "-f", "qcow2", "-o", Compatibility(format), path, size.ToString(CultureInfo.InvariantCulture));
            Empty[(format, size)] = await File.ReadAllBytesAsync(path);
            return;
        }

        await File.WriteAllBytesAsync(path, template);
    }

    /// <summary>Makes an empty qcow2 image over a raw file with this content.</summary>
    public static async Task CreateOverlayAsync(string path, long size, byte[] content)
    {
        await CreateAsync(path + ".base", DiskFormat.Raw, size, content);
        await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Img, "create", "-q", "-f", "qcow2", "-b", path + ".base", "-F", "raw", path);
    }

    /// <summary>Reads an image, backing files included, with qemu-img alone.</summary>
    public static async Task<byte[]> ReadAsync(string path, string? format = null, QemuBinaries? binaries = null)
    {
        var raw = $"{path}.{Guid.NewGuid():N}.raw";
        try
        {
            await ConvertToRawAsync(path, raw, format, binaries);
            return await File.ReadAllBytesAsync(raw);
        }
        finally
        {
            File.Delete(raw);
        }
    }

    /// <summary>qemu-img convert -O raw, from a file or a URI.</summary>
    public static Task ConvertToRawAsync(string source, string target, string? format = null, QemuBinaries? binaries = null)
    {
        // -U: the image may be open in a VM that is still there.
        string[] from = format is null ? ["convert", "-U", "-O", "raw"] : ["convert", "-U", "-f", format, "-O", "raw"];
        return CommandRunner.RunCheckedAsync((binaries ?? QemuBinaries.Host).Img, [.. from, source, target]);
    }

    private static string Compatibility(DiskFormat format) => format == DiskFormat.Qcow2V2 ? "compat=0.10" : "compat=1.1";
}
