using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace QmpBackup.Testing;

/// <summary>A tiny raw QMP client for the tests' own monitor, sharing nothing with the client under test.</summary>
public sealed class QmpMonitor : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly Stream _stream;
    private readonly JsonFrameReader _reader;
    private readonly Func<string> _describe;
    private readonly ConcurrentDictionary<long, TaskCompletionSource<JsonElement>> _pending = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly List<JsonElement> _events = [];
    private readonly CancellationTokenSource _closing = new();
    private TaskCompletionSource _moreEvents = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _reading = Task.CompletedTask;
    private long _lastId;
    private volatile bool _closed;

    private QmpMonitor(Stream stream, Func<string>? describe)
    {
        _stream = stream;
        _reader = new JsonFrameReader(stream);
        _describe = describe ?? (() => "");
    }

    /// <summary>Connects to a unix monitor and negotiates.</summary>
    public static async Task<QmpMonitor> ConnectAsync(string path, CancellationToken cancellationToken = default)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
        return await OpenAsync(new NetworkStream(socket, true), null, cancellationToken);
    }

    /// <summary>Negotiates on a stream that leads to a monitor.</summary>
    public static async Task<QmpMonitor> OpenAsync(Stream stream, Func<string>? describe = null, CancellationToken cancellationToken = default)
    {
        var monitor = new QmpMonitor(stream, describe);
        var greeting = await monitor._reader.ReadAsync(cancellationToken).AsTask().WaitAsync(Limit, cancellationToken);
        if (greeting is null)
            throw new IOException("The monitor closed without a greeting. " + monitor._describe());
        monitor._reading = monitor.ReadLoopAsync();
        await monitor.ExecuteAsync("qmp_capabilities", null, cancellationToken);
        return monitor;
    }

    /// <summary>Runs a command with its arguments as a JSON text; returns the value of "return".</summary>
    /// <exception cref="QmpMonitorException">QEMU refused it.</exception>
    public async Task<JsonElement> ExecuteAsync(string command, string? arguments = null, CancellationToken cancellationToken = default)
    {
        var reply = await SendAsync(command, arguments, cancellationToken);
        if (reply.TryGetProperty("return", out var result))
            return result;
        var error = reply.GetProperty("error");
        throw new QmpMonitorException(command, error.GetProperty("class").GetString()!, error.GetProperty("desc").GetString()!);
    }

    /// <summary>Runs several commands, written in one go; answers with an error throw.</summary>
    public Task<JsonElement[]> ExecuteAllAsync(IEnumerable<(string Command, string? Arguments)> commands, CancellationToken cancellationToken = default) =>
        Task.WhenAll(commands.Select(one => ExecuteAsync(one.Command, one.Arguments, cancellationToken)).ToList());

    /// <summary>Runs an HMP command line; returns what it printed.</summary>
    public async Task<string> HumanAsync(string line, CancellationToken cancellationToken = default)
    {
        var result = await ExecuteAsync("human-monitor-command", $$"""{"command-line":{{Quote(line)}}}""", cancellationToken);
        return result.GetString()!;
    }

    /// <summary>Waits for an event (also one that came before the call) and takes it out of the list.</summary>
    public async Task<JsonElement> WaitForEventAsync(string name, Func<JsonElement, bool>? match = null, CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        while (true)
        {
            Task more;
            lock (_events)
            {
                var index = _events.FindIndex(one => one.GetProperty("event").GetString() == name && (match is null || match(one)));
                if (index >= 0)
                {
                    var found = _events[index];
                    _events.RemoveAt(index);
                    return found;
                }

                if (_closed)
                    throw new IOException($"The monitor closed before {name}. {_describe()}");
                more = _moreEvents.Task;
            }

            await more.WaitAsync(limit.Token);
        }
    }

    /// <summary>The events not yet taken.</summary>
    public IReadOnlyList<JsonElement> Events
    {
        get
        {
            lock (_events)
                return [.. _events];
        }
    }

    /// <summary>A text as a JSON string literal.</summary>
    public static string Quote(string text) => JsonValue(text);

    /// <summary>Closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _stream.DisposeAsync();
        await _reading;
        _closing.Dispose();
        _sending.Dispose();
    }

    private static string JsonValue(string text)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            writer.WriteStringValue(text);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private async Task<JsonElement> SendAsync(string command, string? arguments, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref _lastId);
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending[id] = answer;
        if (_closed)
            throw new IOException($"The monitor is closed. {_describe()}");
        var text = $$"""{"execute":"{{command}}","id":{{id}}{{(arguments is null ? "" : ",\"arguments\":" + arguments)}}}""" + "\n";
        await _sending.WaitAsync(cancellationToken);
        try
        {
            await _stream.WriteAsync(Encoding.UTF8.GetBytes(text), CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            throw new IOException($"{command}: the monitor is closed. {_describe()}", error);
        }
        finally
        {
            _sending.Release();
        }

        try
        {
            return await answer.Task.WaitAsync(Limit, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{command}: no answer within {Limit}. {_describe()}");
        }
    }

    private async Task ReadLoopAsync()
    {
        try
        {
            while (await _reader.ReadAsync(_closing.Token) is { } frame)
            {
                using var document = JsonDocument.Parse(frame);
                var message = document.RootElement.Clone();
                if (message.TryGetProperty("id", out var id) && _pending.TryRemove(id.GetInt64(), out var answer))
                    answer.SetResult(message);
                else if (message.TryGetProperty("event", out _))
                    Signal(message);
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Closed from one side or the other.
        }

        _closed = true;
        Signal(null);
        foreach (var answer in _pending.Values)
            answer.TrySetException(new IOException($"The monitor closed. {_describe()}"));
    }

    private void Signal(JsonElement? message)
    {
        TaskCompletionSource signal;
        lock (_events)
        {
            if (message is { } one)
                _events.Add(one);
            signal = _moreEvents;
            _moreEvents = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        signal.SetResult();
    }
}
