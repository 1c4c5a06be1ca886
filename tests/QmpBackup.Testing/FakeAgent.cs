using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace QmpBackup.Testing;

/// <summary>
/// A scriptable guest agent behind a unix socket, as QEMU's chardev shows it: one client at a time, commands in order even after
/// their client left, late answers to the client that is connected then. Records when the guest was frozen.
/// </summary>
public sealed class FakeAgent : IAsyncDisposable
{
    private static readonly string[] Known =
    [
        "guest-ping", "guest-info", "guest-sync", "guest-sync-delimited", "guest-fsfreeze-status", "guest-fsfreeze-freeze",
        "guest-fsfreeze-freeze-list", "guest-fsfreeze-thaw", "guest-get-fsinfo", "guest-get-osinfo",
    ];

    private static readonly string[] WhileFrozen =
        ["guest-ping", "guest-info", "guest-sync", "guest-sync-delimited", "guest-fsfreeze-status", "guest-fsfreeze-thaw"];

    private readonly Socket _listener;
    private readonly CancellationTokenSource _closing = new();
    private readonly Channel<(byte[] Frame, bool Sentinel)> _input = Channel.CreateUnbounded<(byte[], bool)>();
    private readonly Lock _lock = new();
    private readonly List<AgentCall> _calls = [];
    private readonly List<AgentRule> _rules = [];
    private readonly List<FreezeInterval> _intervals = [];
    private readonly Task _running;
    private volatile NetworkStream? _client;

    /// <summary>Listens at a unix path.</summary>
    public FakeAgent(string path)
    {
        Path = path;
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(8);
        _running = Task.WhenAll(AcceptLoopAsync(), AgentLoopAsync());
    }

    /// <summary>The socket.</summary>
    public string Path { get; }

    /// <summary>The endpoint for --agent.</summary>
    public string Endpoint => "unix:" + Path;

    /// <summary>How many file systems a freeze freezes.</summary>
    public int FileSystems { get; set; } = 2;

    /// <summary>Commands that guest-info calls disabled and that are refused.</summary>
    public HashSet<string> Disabled { get; } = [];

    /// <summary>Whether the guest is frozen now.</summary>
    public bool IsFrozen => FreezeIntervals is [.., { Thawed: null }];

    /// <summary>Every command so far.</summary>
    public IReadOnlyList<AgentCall> Calls
    {
        get
        {
            lock (_lock)
                return [.. _calls];
        }
    }

    /// <summary>When the guest was frozen.</summary>
    public IReadOnlyList<FreezeInterval> FreezeIntervals
    {
        get
        {
            lock (_lock)
                return [.. _intervals];
        }
    }

    /// <summary>A rule for the N-th occurrence (from 1, counted from now) of a command.</summary>
    public AgentRule On(string command, int occurrence = 1) => Add(new AgentRule(command, occurrence, false));

    /// <summary>A rule for every occurrence of a command.</summary>
    public AgentRule OnEvery(string command) => Add(new AgentRule(command, 1, true));

    /// <summary>A rule for the N-th command of any name (from 0), as <see cref="Calls"/> of an earlier run lists them.</summary>
    public AgentRule OnStep(int index) => Add(new AgentRule(null, index + 1, false));

    /// <summary>Freezes or thaws behind the client's back.</summary>
    public void SetFrozen(bool frozen)
    {
        lock (_lock)
        {
            if (frozen && !IsFrozen)
                _intervals.Add(new FreezeInterval(DateTimeOffset.UtcNow, null));
            else if (!frozen && IsFrozen)
                _intervals[^1] = _intervals[^1] with { Thawed = DateTimeOffset.UtcNow };
        }
    }

    /// <summary>Sends bytes to the connected client.</summary>
    public Task SendAsync(byte[] bytes) => WriteAsync(bytes);

    /// <summary>Stops.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Dispose();
        _client?.Dispose();
        await _running;
        File.Delete(Path);
        _closing.Dispose();
    }

    private static byte[] Line(string text) => Encoding.UTF8.GetBytes(text + "\n");

    private AgentRule Add(AgentRule rule)
    {
        lock (_lock)
            _rules.Add(rule);
        return rule;
    }

    private async Task AcceptLoopAsync()
    {
        try
        {
            while (true)
            {
                await using var client = new NetworkStream(await _listener.AcceptAsync(_closing.Token), true);
                _client = client;
                try
                {
                    var reader = new JsonFrameReader(client);
                    while (await reader.ReadAsync(_closing.Token) is { } frame)
                        _input.Writer.TryWrite((frame, reader.SawSentinel));
                }
                catch (Exception error) when (error is IOException or ObjectDisposedException)
                {
                    // The client left.
                }

                _client = null;
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            _input.Writer.TryComplete();
        }
    }

    private async Task AgentLoopAsync()
    {
        try
        {
            await foreach (var (frame, sentinel) in _input.Reader.ReadAllAsync(_closing.Token))
            {
                if (sentinel)
                    await WriteAsync(Line("""{"error":{"class":"GenericError","desc":"JSON parse error, stray input"}}"""));
                try
                {
                    using var document = JsonDocument.Parse(frame);
                    await ServeAsync(document.RootElement);
                }
                catch (JsonException)
                {
                    await WriteAsync(Line("""{"error":{"class":"GenericError","desc":"JSON parse error"}}"""));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(JsonElement message)
    {
        var name = message.TryGetProperty("execute", out var execute) ? execute.GetString()! : "";
        AgentRule? rule;
        lock (_lock)
        {
            _calls.Add(new AgentCall(name, message.GetRawText(), DateTimeOffset.UtcNow));
            rule = null;
            foreach (var one in _rules.Where(one => one.Left > 0 && (one.Command is null || one.Command == name)))
            {
                if (one.Always || --one.Left == 0)
                    rule ??= one;
            }
        }

        rule?.OnHit();
        if (rule is not null)
            await rule.Before.WaitAsync(_closing.Token);
        var answer = Execute(name, message, rule?.Acts ?? true);
        if (rule?.Reply is { } reply)
            answer = Line(reply);
        if (rule?.Closes == true)
        {
            _client?.Dispose();
            return;
        }

        var filler = new byte[65536];
        filler.AsSpan().Fill((byte)'[');
        for (var left = rule?.FloodBytes ?? 0; left > 0 && _client is not null; left -= filler.Length)
            await WriteAsync(filler);
        await WriteAsync(rule?.Instead ?? answer);
    }

    private byte[] Execute(string name, JsonElement message, bool acts)
    {
        if (!Known.Contains(name) || Disabled.Contains(name) || (IsFrozen && !WhileFrozen.Contains(name)))
            return Line("{\"error\":{\"class\":\"CommandNotFound\",\"desc\":" + QmpMonitor.Quote($"The command {name} has not been found") + "}}");
        var before = IsFrozen ? FileSystems : 0;
        if (acts && FileSystems > 0 && name is "guest-fsfreeze-freeze" or "guest-fsfreeze-freeze-list")
            SetFrozen(true);
        else if (acts && name == "guest-fsfreeze-thaw")
            SetFrozen(false);
        var value = name switch
        {
            "guest-sync" or "guest-sync-delimited" => message.GetProperty("arguments").GetProperty("id").GetRawText(),
            "guest-info" => Info(),
            "guest-fsfreeze-status" => IsFrozen ? "\"frozen\"" : "\"thawed\"",
            "guest-fsfreeze-freeze" or "guest-fsfreeze-freeze-list" => FormattableString.Invariant($"{FileSystems}"),
            "guest-fsfreeze-thaw" => FormattableString.Invariant($"{before}"),
            "guest-get-fsinfo" => "[]",
            "guest-get-osinfo" => """{"id":"debian","name":"Debian GNU/Linux","kernel-release":"6.1.0"}""",
            _ => "{}",
        };
        var answer = Line("{\"return\":" + value + "}");
        return name == "guest-sync-delimited" ? [0xff, .. answer] : answer;
    }

    private string Info()
    {
        var commands = Known.Select(name =>
            $$"""{"name":"{{name}}","enabled":{{(Disabled.Contains(name) || (IsFrozen && !WhileFrozen.Contains(name)) ? "false" : "true")}},"success-response":true}""");
        return $$"""{"version":"7.2.22","supported_commands":[{{string.Join(',', commands)}}]}""";
    }

    private async Task WriteAsync(byte[] bytes)
    {
        try
        {
            if (_client is { } client)
                await client.WriteAsync(bytes, _closing.Token);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // No client is connected.
        }
    }
}
