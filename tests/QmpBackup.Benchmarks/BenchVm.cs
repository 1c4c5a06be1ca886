using System.Diagnostics;
using System.Globalization;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Benchmarks;

/// <summary>A qemu-system-x86_64 that runs no guest: a monitor, and one disk whose writes come from its own device's backend.</summary>
internal sealed class BenchVm : IAsyncDisposable
{
    private readonly Process _process;
    private readonly QmpClient _monitor;

    private BenchVm(Process process, QmpClient monitor, string endpoint) => (_process, _monitor, Endpoint) = (process, monitor, endpoint);

    /// <summary>For --qmp.</summary>
    internal string Endpoint { get; }

    internal static async Task<BenchVm> StartAsync(string folder, string image, string format)
    {
        var (qmp, own) = (Path.Combine(folder, "qmp"), Path.Combine(folder, "own"));
        var process = Process.Start(new ProcessStartInfo("qemu-system-x86_64",
        [
            "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35,accel=tcg", "-m", "64", "-S", "-name", "bench",
            "-blockdev", $"driver={format},node-name=a,discard=unmap,file.driver=file,file.filename={image}", "-device",
                "virtio-blk-pci,id=a,drive=a",
            "-chardev", $"socket,id=m0,path={qmp},server=on,wait=off", "-mon", "chardev=m0,mode=control",
            "-chardev", $"socket,id=m1,path={own},server=on,wait=off", "-mon", "chardev=m1,mode=control",
        ])
        { RedirectStandardOutput = true })!;
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        while (!File.Exists(own) && !process.HasExited)
            Thread.Yield();
        return new BenchVm(process, await QmpClient.ConnectAsync(QmpEndpoint.Parse("unix:" + own)), "unix:" + qmp);
    }

    /// <summary>Writes 64 KiB at each of these places.</summary>
    internal async Task WriteAsync(IEnumerable<long> offsets, byte pattern)
    {
        foreach (var few in offsets.Chunk(8))
        {
            await Task.WhenAll(few.Select(offset => _monitor.HumanMonitorCommandAsync(new HumanMonitorCommandArguments
            {
                CommandLine = string.Create(
                    CultureInfo.InvariantCulture, $"qemu-io -d /machine/peripheral/a/virtio-backend \"write -P {pattern} {offset} 64k\""),
            })));
        }
    }

    /// <summary>Exports the disk on this socket, under the empty name.</summary>
    internal async Task ExportAsync(string socket)
    {
        await using var qmp = await AskAsync();
        await qmp.AskAsync($$"""{"execute":"nbd-server-start","arguments":{"addr":{"type":"unix","data":{"path":"{{socket}}"} } } }""");
        await qmp.AskAsync("""{"execute":"block-export-add","arguments":{"type":"nbd","id":"x","node-name":"a","name":""}}""");
    }

    /// <summary>QEMU's own push backup of the whole disk into a new image, which is on stable storage then.</summary>
    internal async Task PushAsync(string target, int mebibytes)
    {
        await Lab.TimeAsync("qemu-img", "create", "-q", "-f", "qcow2", target, $"{mebibytes}M");
        await using var qmp = await AskAsync();
        await qmp.AskAsync($$"""{"execute":"blockdev-add","arguments":{"driver":"qcow2","node-name":"t","discard":"unmap","file":{"driver":"file","filename":"{{target}}"} } }""");
        await qmp.AskAsync("""{"execute":"blockdev-backup","arguments":{"job-id":"j","device":"a","target":"t","sync":"full"}}""");
        while ((await qmp.AskAsync("""{"execute":"query-block-jobs"}""")).Contains("\"j\"", StringComparison.Ordinal))
            await Task.Delay(5);
        await qmp.AskAsync("""{"execute":"blockdev-del","arguments":{"node-name":"t"}}""");
        await Lab.TimeAsync("sync", target);
    }

    private async Task<BareSocket> AskAsync()
    {
        var qmp = new BareSocket(Endpoint["unix:".Length..]);
        await qmp.ReceiveAsync();
        await qmp.AskAsync("""{"execute":"qmp_capabilities"}""");
        return qmp;
    }

    public async ValueTask DisposeAsync()
    {
        await _monitor.DisposeAsync();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
