using Microsoft.Extensions.Time.Testing;
using QmpBackup.Qmp;
using QmpBackup.Testing;

namespace QmpBackup.Tests.Execution;

public sealed class AgentFreezerTests
{
    // Windows thaws after ten seconds, and then answers a thaw with an error and the status "thawed".
    [Theory(Timeout = 30_000)]
    [InlineData(2, true)]
    [InlineData(9, false)]
    public async Task A_thaw_that_is_refused_late_reports_no_duration(int seconds, bool wasFrozen)
    {
        await using var directory = TestDirectory.Create();
        await using var agent = new FakeAgent(directory.File("qga"));
        agent.On("guest-fsfreeze-thaw").Fail("GenericError", "couldn't hold writes: fsfreeze is limited up to 10 seconds", acts: true);
        var time = new FakeTimeProvider();
        await using var freezer = new AgentFreezer(QmpEndpoint.Parse(agent.Endpoint), new GuestAgentOptions { TimeProvider = time });
        (await freezer.PrepareAsync(TestContext.Current.CancellationToken)).Should().BeNull();
        (await freezer.FreezeAsync(new FreezeRequest())).IsFrozen.Should().BeTrue();
        time.Advance(TimeSpan.FromSeconds(seconds));
        (await freezer.ThawAsync()).HasValue.Should().Be(wasFrozen);
        agent.IsFrozen.Should().BeFalse();
    }
}
