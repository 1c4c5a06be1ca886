namespace QmpBackup.Testing;

/// <summary>What a <see cref="FakeAgent"/> does with one command instead of running it and answering.</summary>
public sealed class AgentRule
{
    private readonly TaskCompletionSource _hit = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal AgentRule(string? command, int occurrence, bool always)
    {
        Command = command;
        Left = occurrence;
        Always = always;
    }

    /// <summary>Completes when the command has arrived.</summary>
    public Task Hit => _hit.Task;

    internal string? Command { get; }

    internal int Left { get; set; }

    internal bool Always { get; }

    internal Task Before { get; private set; } = Task.CompletedTask;

    /// <summary>Whether freeze and thaw happen.</summary>
    internal bool Acts { get; private set; } = true;

    /// <summary>Bytes to send instead of the answer; null for the answer itself.</summary>
    internal byte[]? Instead { get; private set; }

    internal string? Reply { get; private set; }

    internal bool Closes { get; private set; }

    internal long FloodBytes { get; private set; }

    /// <summary>Never answers this command; later ones are served.</summary>
    public AgentRule Hang(bool acts = false) => Set(acts, []);

    /// <summary>Runs the command and answers when the task has ended; like the real agent it does nothing else until then.</summary>
    public AgentRule Late(Task release)
    {
        Before = release;
        return this;
    }

    /// <summary>Sends these bytes instead of an answer.</summary>
    public AgentRule Garbage(byte[] bytes, bool acts = false) => Set(acts, bytes);

    /// <summary>Sends an endless line of this many bytes instead of an answer.</summary>
    public AgentRule Flood(long bytes, bool acts = false)
    {
        FloodBytes = bytes;
        return Set(acts, []);
    }

    /// <summary>Answers with an error.</summary>
    public AgentRule Fail(string errorClass = "GenericError", string description = "injected error", bool acts = false)
    {
        Reply = "{\"error\":{\"class\":" + QmpMonitor.Quote(errorClass) + ",\"desc\":" + QmpMonitor.Quote(description) + "}}";
        Acts = acts;
        return this;
    }

    /// <summary>Answers with this value of "return", true or not.</summary>
    public AgentRule Return(string json, bool acts = true)
    {
        Reply = "{\"return\":" + json + "}";
        Acts = acts;
        return this;
    }

    /// <summary>Closes the connection without an answer; the socket goes on accepting.</summary>
    public AgentRule Die(bool acts = false)
    {
        Closes = true;
        return Set(acts, []);
    }

    internal void OnHit() => _hit.TrySetResult();

    private AgentRule Set(bool acts, byte[] instead)
    {
        Acts = acts;
        Instead = instead;
        return this;
    }
}
