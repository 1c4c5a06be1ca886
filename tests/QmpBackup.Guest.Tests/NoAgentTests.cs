using QmpBackup.Qmp;
using QmpBackup.Qmp.Agent;
using QmpBackup.Testing;

namespace QmpBackup.Guest.Tests;

public sealed class NoAgentTests
{
    [Fact(Timeout = 120_000)]
    public async Task A_guest_without_an_agent_gives_no_answer_until_the_agent_starts()
    {
        var token = TestContext.Current.CancellationToken;
        Assert.SkipUnless(GuestVm.IsAvailable, GuestVm.Missing);
        await using var vm = await GuestVm.StartAsync(new GuestVmOptions { Agent = false, DiskCount = 1 }, token);
        await vm.WaitForRoundsAsync(1, token);
        await using var agent = GuestAgentClient.Create(QmpEndpoint.Parse(vm.AgentEndpoint), AgentOf.Patient);

        for (var i = 0; i < 20; i++)
        {
            Func<Task> act = () => agent.SynchronizeAsync(TimeSpan.FromMilliseconds(50), token);
            await act.Should().ThrowAsync<GuestAgentUnavailableException>();
        }

        (await vm.RunAsync("/sbin/lab-agent > /dev/null 2>&1 &", token)).EnsureSuccess();
        (await agent.GuestGetOsinfoAsync(token)).Machine.Should().Be("x86_64");
    }
}
