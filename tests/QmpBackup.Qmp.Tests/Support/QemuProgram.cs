using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace QmpBackup.Qmp.Tests;

/// <summary>A real QEMU program with a QMP monitor, in its own directory; killed and cleaned up on dispose.</summary>
public sealed partial class QemuProgram : IAsyncDisposable
{
    private const int SigKill = 9;
    private const int SigCont = 18;
    private const int SigStop = 19;

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private QemuProgram(Process process, string directory)
    {
        _process = process;
        Directory = directory;
    }

    public string Directory { get; }

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    public string PathOf(string name) => Path.Combine(Directory, name);

    /// <summary>The socket named q in the directory.</summary>
    public UnixEndpoint Endpoint => new(PathOf("q"));

    public int ProcessId => _process.Id;

    /// <summary>The path of a program: in the directory QBACKUP_TEST_QEMU_BIN if that is set, otherwise on the path.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("QBACKUP_TEST_QEMU_BIN") ?? Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin").Split(':')
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);

    /// <summary>A VM without a machine: all commands, no devices. It listens on the socket q.</summary>
    public static Task<QemuProgram> StartVmAsync(CancellationToken token, params string[] more) =>
        StartAsync(
            "qemu-system-x86_64",
            ["-machine", "none", "-nodefaults", "-no-user-config", "-display", "none", "-S", .. more],
            ["-qmp", "unix:{0}/q,server=on,wait=off"],
            token);

    /// <summary>The storage daemon. It listens on the socket q.</summary>
    public static Task<QemuProgram> StartStorageDaemonAsync(CancellationToken token, params string[] more) =>
        StartAsync(
            "qemu-storage-daemon",
            more,
            ["--chardev", "socket,path={0}/q,server=on,wait=off,id=q", "--monitor", "chardev=q"],
            token);

    public static async Task<QemuProgram> StartAsync(string program, string[] arguments, string[] monitor, CancellationToken token)
    {
        Assert.SkipUnless(Find(program) is not null, $"{program} is not installed");
        var directory = System.IO.Directory.CreateTempSubdirectory("qmp-").FullName;
        var start = new ProcessStartInfo(Find(program)!) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in arguments.Concat(monitor))
            start.ArgumentList.Add(argument.Replace("{0}", directory, StringComparison.Ordinal));
        var qemu = new QemuProgram(Process.Start(start)!, directory);
        qemu._process.OutputDataReceived += (_, e) => qemu.Add(e.Data);
        qemu._process.ErrorDataReceived += (_, e) => qemu.Add(e.Data);
        qemu._process.BeginOutputReadLine();
        qemu._process.BeginErrorReadLine();
        try
        {
            await qemu.WaitForSocketAsync("q", token);
            return qemu;
        }
        catch
        {
            await qemu.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates a qcow2 image in the directory with qemu-img.</summary>
    public static async Task CreateImageAsync(string path, string size, CancellationToken token)
    {
        Assert.SkipUnless(Find("qemu-img") is not null, "qemu-img is not installed");
        using var process = Process.Start(
            new ProcessStartInfo(Find("qemu-img")!, ["create", "-q", "-f", "qcow2", path, size]) { RedirectStandardError = true })!;
        var errors = await process.StandardError.ReadToEndAsync(token);
        await process.WaitForExitAsync(token);
        process.ExitCode.Should().Be(0, errors);
    }

    public void Pause() => Send(SigStop);

    public void Continue() => Send(SigCont);

    public void Kill() => Send(SigKill);

    public Task WaitForExitAsync(CancellationToken token) => _process.WaitForExitAsync(token);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            Send(SigKill);
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    /// <summary>
    /// QEMU binds the socket before it listens. Only a connection would show that it listens, but that takes the monitor.
    /// </summary>
    private async Task WaitForSocketAsync(string name, CancellationToken token)
    {
        while (!IsListening(PathOf(name)))
        {
            if (_process.HasExited)
                throw new InvalidOperationException($"QEMU ended with {_process.ExitCode}: {Output}");
            await Task.Delay(5, token);
        }
    }

    // The file exists before QEMU listens. The list of sockets of the kernel has a flag for listening, in its fourth column.
    private static bool IsListening(string path) =>
        File.ReadLines("/proc/net/unix").Any(line => line.EndsWith(" " + path, StringComparison.Ordinal) && line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3] == "00010000");

    private void Send(int signal)
    {
        if (kill(_process.Id, signal) != 0)
            throw new InvalidOperationException($"kill failed: {Marshal.GetLastPInvokeError()}");
    }

    private void Add(string? line)
    {
        lock (_output)
            _output.AppendLine(line);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}
