using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace QmpBackup.Testing;

/// <summary>
/// A VM with a real Linux guest: its agent, two ext4 disks under a writer whose records keep an order over the disks, a port on
/// which the writer counts, and one to run commands without the agent.
/// </summary>
public sealed class GuestVm : QemuVm
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly GuestVmOptions _guest;
    private readonly SemaphoreSlim _commanding = new(1);
    private LineLog _progress = new();
    private StreamReader? _progressPort;
    private NetworkStream? _commandPort;
    private StreamReader? _commandReader;

    private GuestVm(GuestVmOptions guest, QemuVmOptions options, TestDirectory directory)
        : base(options, directory) => _guest = guest;

    /// <summary>Whether the guest is built on this machine.</summary>
    public static bool IsAvailable => File.Exists(Path.Combine(GuestFolder, "stamp"));

    /// <summary>What to say when it is not.</summary>
    public static string Missing => "the test guest is not built (tests/lab/build-guest.sh)";

    /// <summary>The agent's port.</summary>
    public string AgentPath => Directory.File("ga");

    /// <summary>The endpoint for --agent.</summary>
    public string AgentEndpoint => "unix:" + AgentPath;

    /// <summary>What the writer said so far: "READY", then "W n" after each round.</summary>
    public LineLog Progress => _progress;

    /// <summary>Rounds of the writer so far.</summary>
    public int Rounds => _progress.Lines.Where(line => line.StartsWith("W ", StringComparison.Ordinal))
        .Select(line => int.Parse(line.AsSpan(2), CultureInfo.InvariantCulture)).LastOrDefault();

    /// <summary>What the guest's console printed.</summary>
    public string Console => File.Exists(Directory.File("serial")) ? File.ReadAllText(Directory.File("serial")) : "";

    private static string GuestFolder => Path.Combine(QemuBinaries.LabCache, "guest");

    /// <summary>Boots a guest and waits for its agent.</summary>
    public static async Task<GuestVm> StartAsync(GuestVmOptions options, CancellationToken cancellationToken = default)
    {
        if (!IsAvailable)
            throw new FileNotFoundException(Missing);
        var directory = TestDirectory.Create();
        var disks = Enumerable.Range(0, options.Images.Count > 0 ? options.Images.Count : options.DiskCount).Select(index => Disk(options, index)).ToList();
        var vm = new GuestVm(options, new QemuVmOptions
        {
            Binaries = options.Binaries,
            Disks = disks,
            Boots = true,
            Memory = 256,
            Name = "guestvm",
            ExtraArguments = [.. Arguments(options, directory), .. options.ExtraArguments],
        }, directory);
        await vm.BeginAsync(cancellationToken);
        return vm;
    }

    /// <summary>Waits until the writer has done this many more rounds.</summary>
    public async Task WaitForRoundsAsync(int more, CancellationToken cancellationToken = default)
    {
        var wanted = Rounds + more;
        await _progress.WaitForAsync(
                line => line.StartsWith("W ", StringComparison.Ordinal) && int.Parse(line.AsSpan(2), CultureInfo.InvariantCulture) >= wanted, 0, cancellationToken)
            .WaitAsync(Limit, cancellationToken);
    }

    /// <summary>Waits until the agent answers.</summary>
    public async Task WaitForAgentAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await using var agent = await AgentConnection.ConnectAsync(AgentPath, Limit, cancellationToken);
        }
        catch (Exception error) when (error is TimeoutException or IOException)
        {
            throw new TimeoutException($"The guest's agent did not answer. Console:\n{Console}\n{Process.Describe()}", error);
        }
    }

    /// <summary>Runs one agent command on a connection of its own.</summary>
    public async Task<JsonElement> AgentAsync(string command, string? arguments = null, CancellationToken cancellationToken = default)
    {
        await using var agent = await AgentConnection.ConnectAsync(AgentPath, null, cancellationToken);
        return await agent.ExecuteAsync(command, arguments, null, cancellationToken);
    }

    /// <summary>guest-fsfreeze-status: "frozen" or "thawed".</summary>
    public async Task<string> FreezeStatusAsync(CancellationToken cancellationToken = default) =>
        (await AgentAsync("guest-fsfreeze-status", null, cancellationToken)).GetString()!;

    /// <summary>Runs a shell command in the guest without the agent; returns exit code and output. Must not write to a frozen disk.</summary>
    public async Task<CommandResult> RunAsync(string command, CancellationToken cancellationToken = default)
    {
        await _commanding.WaitAsync(cancellationToken);
        try
        {
            await _commandPort!.WriteAsync(Encoding.UTF8.GetBytes(command + "\n"), cancellationToken);
            List<string> lines = [];
            while (true)
            {
                var line = await _commandReader!.ReadLineAsync(cancellationToken).AsTask().WaitAsync(Limit, cancellationToken)
                    ?? throw new IOException("The command port closed.");
                if (line.StartsWith("== ", StringComparison.Ordinal))
                    return new CommandResult(command, int.Parse(line.AsSpan(3), CultureInfo.InvariantCulture), string.Join('\n', lines), "");
                lines.Add(line);
            }
        }
        finally
        {
            _commanding.Release();
        }
    }

    /// <summary>SIGKILL for the agent; file systems stay as they are.</summary>
    public async Task KillAgentAsync(CancellationToken cancellationToken = default) =>
        (await RunAsync("kill -9 $(pidof qemu-ga)", cancellationToken)).EnsureSuccess();

    /// <summary>Starts the agent again and waits for its answer.</summary>
    public async Task StartAgentAsync(CancellationToken cancellationToken = default)
    {
        (await RunAsync("/sbin/lab-agent > /dev/null 2>&1 &", cancellationToken)).EnsureSuccess();
        await WaitForAgentAsync(cancellationToken);
    }

    /// <summary>Changes how many whole seconds the freeze hook takes.</summary>
    public async Task SetHookSecondsAsync(int seconds, CancellationToken cancellationToken = default) =>
        (await RunAsync(FormattableString.Invariant($"echo {seconds} > /tmp/hook-delay"), cancellationToken)).EnsureSuccess();

    private protected override async Task StartedAsync(CancellationToken cancellationToken)
    {
        await base.StartedAsync(cancellationToken);
        ClosePorts();
        _progressPort = new StreamReader(await OpenAsync("prog", cancellationToken));
        _commandPort = await OpenAsync("cmd", cancellationToken);
        _commandReader = new StreamReader(_commandPort);
        _progress = new LineLog();

        // Read all the time: the writer stalls if its port is not read.
        _ = PumpAsync(_progressPort, _progress);
        if (_guest.Agent && _guest.WaitForAgent)
            await WaitForAgentAsync(cancellationToken);
    }

    private protected override ValueTask DisposeCoreAsync()
    {
        ClosePorts();
        return base.DisposeCoreAsync();
    }

    private static TestDisk Disk(GuestVmOptions options, int index)
    {
        var name = ((char)('a' + index)).ToString();
        return new TestDisk(name)
        {
            Size = 256 << 20,
            Template = options.Images.Count > 0 ? options.Images[index] : Path.Combine(GuestFolder, $"ext4-{name}.qcow2"),
            Format = options.Images.Count > 0 ? options.ImageFormat : DiskFormat.Qcow2,
            IoThread = options.IoThreads,
        };
    }

    private static List<string> Arguments(GuestVmOptions options, TestDirectory directory)
    {
        var kernel = "console=ttyS0 quiet"
            + (options.Writer ? "" : " lab.writer=0")
            + (options.Agent ? "" : " lab.agent=0")
            + (options.HookSeconds > 0 ? FormattableString.Invariant($" lab.hook={options.HookSeconds}") : "");
        List<string> arguments =
        [
            "-kernel", Path.Combine(GuestFolder, "vmlinuz"), "-initrd", Path.Combine(GuestFolder, "initrd.cpio"), "-append", kernel,
            "-serial", "file:" + directory.File("serial"), "-device", "virtio-serial-pci",
        ];
        foreach (var (id, name) in new[] { ("ga", "org.qemu.guest_agent.0"), ("prog", "lab.progress"), ("cmd", "lab.command") })
        {
            arguments.AddRange(["-chardev", $"socket,id={id},path={directory.File(id)},server=on,wait=off"]);
            arguments.AddRange(["-device", $"virtserialport,chardev={id},name={name}"]);
        }

        return arguments;
    }

    private static async Task PumpAsync(StreamReader reader, LineLog log)
    {
        try
        {
            while (await reader.ReadLineAsync() is { } line)
                log.Add(line);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The VM ended.
        }

        log.Add(null);
    }

    private void ClosePorts()
    {
        _progressPort?.Dispose();
        _commandReader?.Dispose();
    }

    private async Task<NetworkStream> OpenAsync(string name, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Directory.File(name)), cancellationToken);
        return new NetworkStream(socket, true);
    }
}
