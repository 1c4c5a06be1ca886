using System.Text.Json;

namespace QmpBackup.Qmp.Tests;

public sealed class SessionTests
{
    [Fact(Timeout = 60_000)]
    public async Task A_session_with_a_vm_greets_answers_and_tells_who_is_at_the_other_end()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        await using QemuProgram qemu = await QemuProgram.StartVmAsync(token, "-name", "tëst", "-uuid", "8f1d3b1e-6a5e-4d3f-9d7e-0c1c6b3a2f10");
        await using QmpClient client = await QmpClient.ConnectAsync(qemu.Endpoint, cancellationToken: token);

        client.Greeting.Version.Qemu.IsAtLeast(5, 2).Should().BeTrue();
        client.PeerCredentials!.ProcessId.Should().Be(qemu.ProcessId);
        (await client.QueryVersionAsync(token)).Should().Be(client.Greeting.Version);
        (await client.QueryNameAsync(token)).Name.Should().Be("tëst");
        (await client.QueryUuidAsync(token)).Uuid.Should().Be("8f1d3b1e-6a5e-4d3f-9d7e-0c1c6b3a2f10");
        (await client.QueryStatusAsync(token)).Status.Should().Be(RunState.PreLaunch);
        JsonElement raw = await client.ExecuteAsync(QmpRequest.Raw("query-status"), token);
        raw.GetProperty("running").GetBoolean().Should().BeFalse();
    }

    [Fact(Timeout = 60_000)]
    public async Task The_schema_answers_what_this_qemu_can_do()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        await using QemuProgram qemu = await QemuProgram.StartVmAsync(token);
        await using QmpClient client = await QmpClient.ConnectAsync(qemu.Endpoint, cancellationToken: token);

        QmpSchema schema = await client.GetSchemaAsync(token);

        schema.HasCommand("blockdev-backup").Should().BeTrue();
        schema.HasArgument("blockdev-add", "driver=qcow2/backing").Should().BeTrue();
        (await client.GetSchemaAsync(token)).Should().BeSameAs(schema);
    }
}
