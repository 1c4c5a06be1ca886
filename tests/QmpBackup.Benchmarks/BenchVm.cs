using System.Diagnostics;
using System.Globalization;
using QmpBackup.Qmp;

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

    public async ValueTask DisposeAsync()
    {
        await _monitor.DisposeAsync();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
