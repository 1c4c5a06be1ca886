using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Samples.Qmp;

/// <summary>Moves a disk to another file while the guest runs: a mirror job copies it, and then the VM goes on with the copy.</summary>
internal static class MirrorSample
{
    private const string Job = "move";

    public static async Task RunAsync(string qmp, string node, string file, CancellationToken cancellationToken)
    {
        await using var client = await QmpClient.ConnectAsync(QmpEndpoint.Parse(qmp), cancellationToken: cancellationToken);
        var nodes = await client.QueryNamedBlockNodesAsync(flat: true, cancellationToken: cancellationToken);
        var disk = nodes.FirstOrDefault(one => one.NodeName == node) ?? throw new InvalidOperationException($"The VM has no node {node}.");

        // The target needs the size of the disk. Here it is a raw file; QEMU can also create other formats (blockdev-create).
        await using (var target = new FileStream(file, FileMode.CreateNew))
            target.SetLength(disk.Image.VirtualSize);
        await client.BlockdevAddAsync(
            new BlockdevOptionsRaw { NodeName = "copy", File = new BlockdevOptionsFile { Filename = file } }, cancellationToken);

        // The events of the job tell what happens to it. They can come before the answer, so subscribe first.
        await using var events = client.Subscribe<JobStatusChangeEvent>();
        await client.BlockdevMirrorAsync(
            new BlockdevMirrorArguments { JobId = Job, Device = node, Target = "copy", Sync = MirrorSyncMode.Full, AutoDismiss = false },
            cancellationToken);

        await foreach (var item in events.WithCancellation(cancellationToken))
        {
            if (item.Data.Id != Job)
                continue;
            var job = (await client.QueryJobsAsync(cancellationToken)).First(one => one.Id == Job);
            Console.WriteLine($"{item.Data.Status}: {job.CurrentProgress >> 10} of {job.TotalProgress >> 10} KiB");

            // Ready: both files are equal, and QEMU writes to both. Completing it makes the VM use the copy.
            if (item.Data.Status == JobStatus.Ready)
                await client.JobCompleteAsync(Job, cancellationToken);
            if (item.Data.Status != JobStatus.Concluded)
                continue;

            // A job that has ended stays until it is dismissed, so that nobody misses its error.
            await client.JobDismissAsync(Job, cancellationToken);
            if (job.Error is { } error)
                throw new InvalidOperationException($"The mirror failed: {error}");
            break;
        }

        // Nothing uses the old node any more.
        await client.BlockdevDelAsync(node, cancellationToken);
        Console.WriteLine($"The VM uses {file}.");
    }
}
