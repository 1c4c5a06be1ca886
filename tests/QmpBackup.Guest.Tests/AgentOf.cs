using QmpBackup.Qmp;
using QmpBackup.Testing;

namespace QmpBackup.Guest.Tests;

/// <summary>Clients of a guest's agent, with limits for a machine without hardware virtualisation.</summary>
internal static class AgentOf
{
    public static GuestAgentOptions Patient { get; } = new()
    {
        SyncTimeout = TimeSpan.FromSeconds(30),
        CommandTimeout = TimeSpan.FromSeconds(30),
    };

    public static Task<GuestAgentClient> ConnectAsync(GuestVm vm, CancellationToken token) =>
        GuestAgentClient.ConnectAsync(QmpEndpoint.Parse(vm.AgentEndpoint), Patient, token);
}
