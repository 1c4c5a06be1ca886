using System.Text.Json;

namespace QmpBackup.Testing;

/// <summary>External NBD readers: nbdcopy, nbdinfo and qemu-img. None shares code with the client under test.</summary>
public static class NbdTools
{
    /// <summary>A URI of a unix export.</summary>
    public static string Uri(string socket, string export) => $"nbd+unix:///{System.Uri.EscapeDataString(export)}?socket={socket}";

    /// <summary>Reads a whole export into a raw file with nbdcopy.</summary>
    public static Task CopyAsync(string uri, string target) => CommandRunner.RunCheckedAsync("nbdcopy", uri, target);

    /// <summary>Reads a whole export into memory with nbdcopy.</summary>
    public static async Task<byte[]> ReadAsync(string uri, TestDirectory directory)
    {
        var path = directory.File($"nbd-{Guid.NewGuid():N}.raw");
        try
        {
            await CopyAsync(uri, path);
            return await File.ReadAllBytesAsync(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>The block status of a meta context as nbdinfo shows it, neighbours joined.</summary>
    public static async Task<IReadOnlyList<DirtyExtent>> MapAsync(string uri, string metaContext)
    {
        var result = await CommandRunner.RunCheckedAsync("nbdinfo", "--json", "--map=" + metaContext, uri);
        using var map = JsonDocument.Parse(result.Stdout);
        return Joined(map.RootElement.EnumerateArray().Select(one => new DirtyExtent(
            one.GetProperty("offset").GetInt64(), one.GetProperty("length").GetInt64(), one.GetProperty("type").GetInt32())));
    }

    /// <summary>The dirty ranges of a bitmap.</summary>
    public static async Task<IReadOnlyList<DirtyExtent>> DirtyAsync(string uri, string bitmap) =>
        [.. (await MapAsync(uri, "qemu:dirty-bitmap:" + bitmap)).Where(one => (one.Flags & 1) != 0)];

    /// <summary>The dirty ranges as qemu-img map with x-dirty-bitmap shows them ("data": false means dirty there).</summary>
    public static async Task<IReadOnlyList<DirtyExtent>> DirtyByQemuImgAsync(string socket, string export, string bitmap, QemuBinaries? binaries = null)
    {
        var options = $"driver=nbd,server.type=unix,server.path={socket},export={export},x-dirty-bitmap=qemu:dirty-bitmap:{bitmap}";
        var result = await CommandRunner.RunCheckedAsync((binaries ?? QemuBinaries.Host).Img, "map", "--output=json", "--image-opts", options);
        using var map = JsonDocument.Parse(result.Stdout);
        return Joined(map.RootElement.EnumerateArray().Where(one => !one.GetProperty("data").GetBoolean()).Select(one => new DirtyExtent(
            one.GetProperty("start").GetInt64(), one.GetProperty("length").GetInt64(), 1)));
    }

    /// <summary>nbdinfo --list, as JSON.</summary>
    public static async Task<JsonElement> ListAsync(string socket)
    {
        var result = await CommandRunner.RunCheckedAsync("nbdinfo", "--json", "--list", $"nbd+unix://?socket={socket}");
        using var document = JsonDocument.Parse(result.Stdout);
        return document.RootElement.Clone();
    }

    private static List<DirtyExtent> Joined(IEnumerable<DirtyExtent> extents)
    {
        List<DirtyExtent> joined = [];
        foreach (var extent in extents)
        {
            if (joined is [.., var last] && last.Flags == extent.Flags && last.Offset + last.Length == extent.Offset)
                joined[^1] = last with { Length = last.Length + extent.Length };
            else
                joined.Add(extent);
        }

        return joined;
    }
}
