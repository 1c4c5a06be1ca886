using System.Globalization;

namespace QmpBackup.Hosting;

/// <summary>Makes images with <c>qemu-img</c>.</summary>
internal static class QemuImage
{
    /// <summary>Makes an empty qcow2 image.</summary>
    /// <param name="tools">The programs.</param>
    /// <param name="path">Where: an absolute path, so that no part of it is taken for a protocol.</param>
    /// <param name="size">The virtual size, in bytes.</param>
    /// <param name="backing">The backing file, relative to the image's folder; null for none.</param>
    /// <param name="compressed">Whether clusters are to be compressed by zstd.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static Task CreateAsync(QemuTools tools, string path, long size, string? backing, bool compressed, CancellationToken cancellationToken)
    {
        List<string> arguments = ["create", "-q", "-f", "qcow2", "-o", compressed ? "compat=1.1,compression_type=zstd" : "compat=1.1"];
        if (backing is not null) arguments.AddRange(["-b", backing, "-F", "qcow2"]);
        arguments.AddRange([path, size.ToString(CultureInfo.InvariantCulture)]);
        return RunAsync(tools, arguments, cancellationToken);
    }

    private static async Task RunAsync(QemuTools tools, List<string> arguments, CancellationToken cancellationToken)
    {
        using var process = QemuTools.Start(tools.QemuImg, arguments);
        process.StandardInput.Close();
        var stderr = ProcessText.ReadAsync(process.StandardError);
        var stdout = ProcessText.ReadAsync(process.StandardOutput);
        try
        {
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        await stdout.ConfigureAwait(false);
        var said = await stderr.ConfigureAwait(false);
        if (process.ExitCode != 0)
            throw new BackupException(BackupErrorCode.Storage, $"qemu-img {arguments[0]} failed: {said}.", "See whether there is space, and whether qbackup may write there.");
    }
}
