using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using QmpBackup.Host;

namespace QmpBackup;

/// <summary>The programs of qemu-utils: QEMU's own format code reads and writes every image.</summary>
public sealed record QemuTools
{
    /// <summary>The path or name of <c>qemu-img</c>.</summary>
    public string QemuImg { get; init; } = "qemu-img";

    /// <summary>The path or name of <c>qemu-nbd</c>.</summary>
    public string QemuNbd { get; init; } = "qemu-nbd";

    internal static Process Start(string program, IEnumerable<string> arguments)
    {
        var info = new ProcessStartInfo
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        // Messages are shown to the user, and the text of some decides what happens.
        info.Environment["LC_ALL"] = "C";
        // glibc gives every buffer of a request back to the kernel, which clears its pages for the next one. That took a third of the time
        // of a copy.
        info.Environment.TryAdd("MALLOC_MMAP_THRESHOLD_", "33554432");
        info.Environment.TryAdd("MALLOC_TRIM_THRESHOLD_", "67108864");
        try
        {
            return BoundProcess.Start(info, program, arguments);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new BackupException(
                BackupErrorCode.Storage, $"{program} cannot be run: {Marshal.GetPInvokeErrorMessage(e.NativeErrorCode)}.",
                "Install qemu-utils (or qemu-img, qemu-tools).", e);
        }
    }
}

/// <summary>The format of a restored image.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ImageFormat>))]
public enum ImageFormat
{
    /// <summary>QEMU's own format: compact.</summary>
    [JsonStringEnumMemberName("qcow2")]
    Qcow2,

    /// <summary>The plain bytes, sparse where they are zero.</summary>
    [JsonStringEnumMemberName("raw")]
    Raw,
}
