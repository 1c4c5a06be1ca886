using QmpBackup.Testing;

namespace QmpBackup.Qmp.Tests.GuestAgent;

/// <summary>A fake agent and its clients, disposed after the test.</summary>
public abstract class AgentTest : IAsyncDisposable
{
    /// <summary>Long enough for a busy machine; no test waits that long.</summary>
    private protected static readonly TimeSpan Ample = TimeSpan.FromMinutes(2);

    private readonly List<GuestAgentClient> _clients = [];

    private protected AgentTest() => Agent = new FakeAgent(Directory.File("ga"));

    private protected TestDirectory Directory { get; } = TestDirectory.Create();

    private protected FakeAgent Agent { get; }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            await client.DisposeAsync();
        await Agent.DisposeAsync();
        await Directory.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected static GuestAgentOptions Options(TimeProvider? time = null) => new()
    {
        ConnectTimeout = Ample,
        SyncTimeout = Ample,
        CommandTimeout = Ample,
        TimeProvider = time ?? TimeProvider.System,
    };

    private protected GuestAgentClient Client(GuestAgentOptions? options = null)
    {
        var client = GuestAgentClient.Create(QmpEndpoint.Parse(Agent.Endpoint), options ?? Options());
        _clients.Add(client);
        return client;
    }

    private protected int Count(string command) => Agent.Calls.Count(call => call.Name == command);
}
