using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using QmpBackup.Host;

namespace QmpBackup.Transfer;

/// <summary>Makes images with <c>qemu-img</c>.</summary>
internal static class QemuImage
{
    /// <summary>Makes an empty qcow2 image.</summary>
    /// <param name="tools">The programs.</param>
    /// <param name="path">The file, which exists and is empty: an absolute path, so that QEMU takes no part of it for a protocol.</param>
    /// <param name="size">The virtual size, in bytes.</param>
    /// <param name="backing">The backing file, relative to the image's folder; null for none.</param>
    /// <param name="compressed">Whether clusters are to be compressed by zstd.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static Task CreateAsync(
        QemuTools tools, string path, long size, string? backing, bool compressed, CancellationToken cancellationToken)
    {
        List<string> arguments = ["create", "-q", "-f", "qcow2", "-o", compressed ? "compat=1.1,compression_type=zstd" : "compat=1.1"];
        // The backing file was checked already, and is not opened (-u).
        if (backing is not null)
            arguments.AddRange(["-u", "-b", backing, "-F", "qcow2"]);
        arguments.AddRange([path, size.ToString(CultureInfo.InvariantCulture)]);
        return RunAsync(tools, arguments, cancellationToken);
    }

    /// <summary>
    /// Copies all that an image and those below it hold to a new file, in the disk's order. It is in the page cache then, and not yet on
    /// stable storage. Do not trust its content before it was compared with the hashes: a small image is copied before it can be checked
    /// which files were opened for it.
    /// </summary>
    /// <param name="tools">The programs.</param>
    /// <param name="image">The qcow2 image: an absolute path.</param>
    /// <param name="path">Where to: an absolute path.</param>
    /// <param name="format">The new file's format.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The image cannot be read, or the file not written.</exception>
    public static async Task ConvertAsync(
        QemuTools tools, string image, string path, string format, TimeProvider time, CancellationToken cancellationToken)
    {
        using var chain = ImageChain.Open(image);
        using var folder = PrivateFolder.Make();
        // The kernel copies from file to file where it can (-C); where it cannot, QEMU copies. More requests at a time only wait for each
        // other.
        List<string> arguments = ["convert", "-q", "-C", "-m", "2", "-f", "qcow2", "-O", format];
        if (format == "qcow2")
            arguments.AddRange(["-o", "compat=1.1,cluster_size=65536"]);
        arguments.AddRange([chain.LinkInto(folder.Path), path]);
        await RunAsync(tools, arguments, cancellationToken,
            process => chain.RequireNothingElseAsync(process, path, time, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>Makes an image smaller. What is behind its new end is lost.</summary>
    /// <param name="tools">The programs.</param>
    /// <param name="path">The qcow2 image, which has just been made here: a path below /proc.</param>
    /// <param name="size">The new virtual size, in bytes.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static Task ShrinkAsync(QemuTools tools, string path, long size, CancellationToken cancellationToken) => RunAsync(tools,
        [
            // What it is built on is not opened.
            "resize", "-q", "--shrink", $$"""json:{"driver":"qcow2","file":{"driver":"file","filename":"{{path}}"},"backing":null}""",
            size.ToString(CultureInfo.InvariantCulture),
        ], cancellationToken);

    /// <summary>
    /// Writes what an image holds into the image that it is built on. The upper image stays as it is. It is in the page cache then, and not
    /// yet on stable storage.
    /// </summary>
    /// <param name="tools">The programs.</param>
    /// <param name="image">The upper image: an absolute path.</param>
    /// <param name="below">The lower image: an absolute path. It takes the place of the one that the upper image names.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops it; the lower image then has a part of it.</param>
    /// <exception cref="BackupException">An image cannot be read or written.</exception>
    public static async Task CommitAsync(
        QemuTools tools, string image, string below, TimeProvider time, CancellationToken cancellationToken)
    {
        using var chain = ImageChain.Open(image);
        using var folder = PrivateFolder.Make();
        var top = chain.LinkInto(folder.Path, below);
        await RunAsync(tools, ["commit", "-q", "-d", "-f", "qcow2", top], cancellationToken,
            process => chain.RequireNothingElseAsync(process, below, time, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>Where in an image the data is, one JSON object a line.</summary>
    /// <param name="tools">The programs.</param>
    /// <param name="path">An absolute path.</param>
    /// <param name="format">The image's format.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The image cannot be read.</exception>
    public static async IAsyncEnumerable<string> MapAsync(
        QemuTools tools, string path, string format, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var process = QemuTools.Start(tools.QemuImg, ["map", "--output=json", "-f", format, path]);
        process.StandardInput.Close();
        var stderr = ProcessText.ReadAsync(process.StandardError);
        try
        {
            while (await process.StandardOutput.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
                yield return line;
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            process.Kill();
        }

        var message = await stderr.ConfigureAwait(false);
        if (process.ExitCode != 0)
            throw Failed("map", message);
    }

    private static async Task RunAsync(
        QemuTools tools, List<string> arguments, CancellationToken cancellationToken, Func<Process, Task>? checkAsync = null)
    {
        using var process = QemuTools.Start(tools.QemuImg, arguments);
        process.StandardInput.Close();
        var stderr = ProcessText.ReadAsync(process.StandardError);
        var stdout = ProcessText.ReadAsync(process.StandardOutput);
        try
        {
            if (checkAsync is not null)
                await checkAsync(process).ConfigureAwait(false);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            process.Kill();
            // The caller relies on the program's end.
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }

        await stdout.ConfigureAwait(false);
        var message = await stderr.ConfigureAwait(false);
        if (process.ExitCode != 0)
            throw Failed(arguments[0], message);
    }

    private static BackupException Failed(string what, string said) =>
        new(BackupErrorCode.Storage, $"qemu-img {what} failed: {said}.",
            Advice.Of($"Check whether there is space, and whether {Feature.Program} may write there."));
}
