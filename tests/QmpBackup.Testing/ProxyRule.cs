using System.Text;
using System.Text.Json.Nodes;

namespace QmpBackup.Testing;

/// <summary>What a <see cref="QmpProxy"/> does with one command. Without any of the methods it is only watched.</summary>
public sealed class ProxyRule
{
    private readonly TaskCompletionSource _hit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _executed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal ProxyRule(Func<ProxiedCommand, bool> match, int occurrence)
    {
        Match = match;
        Left = occurrence;
    }

    /// <summary>Completes when the command has reached the proxy and is not yet forwarded.</summary>
    public Task Hit => _hit.Task;

    /// <summary>Completes when QEMU has answered, whatever happens to the reply.</summary>
    public Task Executed => _executed.Task;

    /// <summary>Completes when the client has been sent the reply.</summary>
    public Task Answered => _answered.Task;

    internal Func<ProxiedCommand, bool> Match { get; }

    internal int Left { get; set; }

    internal ProxyAction Action { get; private set; }

    internal byte[] Answer { get; private set; } = [];

    internal Task Before { get; private set; } = Task.CompletedTask;

    internal Task BeforeReply { get; private set; } = Task.CompletedTask;

    internal TimeSpan DelayBefore { get; private set; }

    internal Func<JsonNode, JsonNode?>? Transform { get; private set; }

    /// <summary>Answers with an error; QEMU never sees the command.</summary>
    public ProxyRule Fail(string errorClass = "GenericError", string description = "injected error") =>
        AnswerWith("""{"error":{"class":""" + QmpMonitor.Quote(errorClass) + ",\"desc\":" + QmpMonitor.Quote(description) + "}}");

    /// <summary>Answers with this value of "return"; QEMU never sees the command.</summary>
    public ProxyRule Return(string json) => AnswerWith("{\"return\":" + json + "}");

    /// <summary>Answers with these bytes, whatever they are; QEMU never sees the command.</summary>
    public ProxyRule Garbage(byte[] bytes)
    {
        Action = ProxyAction.Answer;
        Answer = bytes;
        return this;
    }

    /// <summary>Cuts the connection; QEMU never sees the command.</summary>
    public ProxyRule CutBefore() => With(ProxyAction.CutBefore);

    /// <summary>QEMU runs the command; then the connection is cut without a reply.</summary>
    public ProxyRule CutWithoutReply() => With(ProxyAction.CutWithoutReply);

    /// <summary>Cuts the connection right after the reply.</summary>
    public ProxyRule CutAfterReply() => With(ProxyAction.CutAfterReply);

    /// <summary>QEMU runs the command; its reply is lost.</summary>
    public ProxyRule SwallowReply() => With(ProxyAction.SwallowReply);

    /// <summary>From this command on nothing is forwarded in either direction; the connection stays open.</summary>
    public ProxyRule Hang() => With(ProxyAction.Hang);

    /// <summary>Forwards the command this much later.</summary>
    public ProxyRule Delay(TimeSpan delay)
    {
        DelayBefore = delay;
        return this;
    }

    /// <summary>Forwards the command, and what comes after it, when the task has ended.</summary>
    public ProxyRule HoldUntil(Task release)
    {
        Before = release;
        return this;
    }

    /// <summary>Sends the reply, and what comes after it, when the task has ended.</summary>
    public ProxyRule HoldReplyUntil(Task release)
    {
        BeforeReply = release;
        return this;
    }

    /// <summary>Changes the reply on its way to the client; null drops it.</summary>
    public ProxyRule ChangeReply(Func<JsonNode, JsonNode?> change)
    {
        Transform = change;
        return this;
    }

    internal void OnHit() => _hit.TrySetResult();

    internal void OnExecuted() => _executed.TrySetResult();

    internal void OnAnswered() => _answered.TrySetResult();

    private ProxyRule AnswerWith(string message) => Garbage(Encoding.UTF8.GetBytes(message + "\r\n"));

    private ProxyRule With(ProxyAction action)
    {
        Action = action;
        return this;
    }
}
