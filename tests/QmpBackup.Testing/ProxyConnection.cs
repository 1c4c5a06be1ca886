using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace QmpBackup.Testing;

/// <summary>One client of a <see cref="QmpProxy"/> and its connection to QEMU.</summary>
internal sealed class ProxyConnection(QmpProxy proxy, int number, Socket client, Socket upstream, CancellationToken closing) : IDisposable
{
    private readonly NetworkStream _client = new(client, true);
    private readonly NetworkStream _upstream = new(upstream, true);
    private readonly SemaphoreSlim _toClient = new(1);

    // QEMU answers in the order of the commands as long as nothing is sent out of band.
    private readonly ConcurrentQueue<ProxyRule?> _forwarded = new();
    private readonly TaskCompletionSource _hanging = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async Task RunAsync()
    {
        await Task.Yield();
        await Task.WhenAll(ClientLoopAsync(), UpstreamLoopAsync());
    }

    public void Cut()
    {
        _client.Dispose();
        _upstream.Dispose();
    }

    public void Dispose()
    {
        Cut();
        _toClient.Dispose();
    }

    public async Task SendToClientAsync(byte[] bytes)
    {
        await _toClient.WaitAsync(closing);
        try
        {
            await _client.WriteAsync(bytes, closing);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The client left.
        }
        finally
        {
            _toClient.Release();
        }
    }

    private static byte[] WithId(byte[] answer, JsonElement command)
    {
        if (!command.TryGetProperty("id", out var id))
            return answer;
        try
        {
            var node = JsonNode.Parse(answer)!.AsObject();
            node["id"] = JsonNode.Parse(id.GetRawText());
            return [.. System.Text.Encoding.UTF8.GetBytes(node.ToJsonString()), (byte)'\r', (byte)'\n'];
        }
        catch (JsonException)
        {
            // Garbage was asked for.
            return answer;
        }
    }

    private async Task ClientLoopAsync()
    {
        var reader = new JsonFrameReader(_client) { Dropped = DropAsync };
        try
        {
            while (await reader.ReadAsync(closing) is { } frame)
            {
                using var document = JsonDocument.Parse(frame);
                var name = document.RootElement.TryGetProperty("execute", out var execute) ? execute.GetString()! : "";
                var rule = proxy.Record(new ProxiedCommand(number, name, System.Text.Encoding.UTF8.GetString(frame)));
                if (rule is not null && !await ApplyAsync(rule, document.RootElement))
                    continue;
                _forwarded.Enqueue(rule);
                await _upstream.WriteAsync(frame, closing);
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException or JsonException)
        {
            // One side left.
        }

        Cut();
    }

    // QEMU itself answers a command that the client has given up in the middle.
    private async ValueTask DropAsync(byte[] fragment)
    {
        _forwarded.Enqueue(null);
        await _upstream.WriteAsync((byte[])[.. fragment, 0xff, (byte)'\n'], closing);
    }

    private async Task<bool> ApplyAsync(ProxyRule rule, JsonElement command)
    {
        rule.OnHit();
        await rule.Before.WaitAsync(closing);
        if (rule.DelayBefore > TimeSpan.Zero)
            await Task.Delay(rule.DelayBefore, closing);
        switch (rule.Action)
        {
            case ProxyAction.Answer:
                await SendToClientAsync(WithId(rule.Answer, command));
                rule.OnAnswered();
                return false;
            case ProxyAction.CutBefore:
                Cut();
                return false;
            case ProxyAction.Hang:
                _hanging.TrySetResult();
                await Task.Delay(Timeout.Infinite, closing);
                return false;
            default:
                return true;
        }
    }

    private async Task UpstreamLoopAsync()
    {
        var reader = new JsonFrameReader(_upstream);
        try
        {
            while (await reader.ReadAsync(closing) is { } frame)
            {
                if (_hanging.Task.IsCompleted)
                    continue;
                using var document = JsonDocument.Parse(frame);
                var message = document.RootElement;
                if (message.TryGetProperty("event", out var name) && proxy.IsDropped(name.GetString()!))
                    continue;
                ProxyRule? rule = null;
                if (message.TryGetProperty("return", out _) || message.TryGetProperty("error", out _))
                    _forwarded.TryDequeue(out rule);
                if (rule is null)
                    await SendToClientAsync([.. frame, (byte)'\r', (byte)'\n']);
                else
                    await ReplyAsync(rule, frame);
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException or JsonException)
        {
            // One side left.
        }

        // A hanging connection stays open even when QEMU is gone.
        if (!_hanging.Task.IsCompleted)
            Cut();
    }

    private async Task ReplyAsync(ProxyRule rule, byte[] frame)
    {
        rule.OnExecuted();
        await rule.BeforeReply.WaitAsync(closing);
        if (rule.Transform is { } transform)
        {
            if (transform(JsonNode.Parse(frame)!) is not { } changed)
                return;
            frame = System.Text.Encoding.UTF8.GetBytes(changed.ToJsonString());
        }

        switch (rule.Action)
        {
            case ProxyAction.CutWithoutReply:
                Cut();
                return;
            case ProxyAction.SwallowReply:
                return;
            default:
                await SendToClientAsync([.. frame, (byte)'\r', (byte)'\n']);
                rule.OnAnswered();
                if (rule.Action == ProxyAction.CutAfterReply)
                    Cut();
                return;
        }
    }
}
