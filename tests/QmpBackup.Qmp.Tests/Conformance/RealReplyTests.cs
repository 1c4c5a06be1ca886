using System.Text.Json;
using QmpBackup.Testing;

namespace QmpBackup.Qmp.Tests;

/// <summary>Real replies, read into the generated types and written again: nothing may be lost.</summary>
public sealed class RealReplyTests
{
    /// <summary>Commands that need arguments, and are worth it.</summary>
    private static readonly (string Name, string Arguments)[] WithArguments =
    [
        ("device-list-properties", """{"typename":"virtio-blk-pci"}"""),
        ("human-monitor-command", """{"command-line":"info status"}"""),
        ("qom-get", """{"path":"/machine","property":"type"}"""),
        ("qom-list", """{"path":"/machine/peripheral"}"""),
        ("qom-list-properties", """{"typename":"iothread"}"""),
        ("query-cpu-model-expansion", """{"type":"full","model":{"name":"qemu64"}}"""),
        ("query-stats", """{"target":"vm"}"""),
        ("trace-event-get-state", """{"name":"qmp_*"}"""),
    ];

    [Theory(Timeout = 60_000)]
    [InlineData("5.2")]
    [InlineData("7.2")]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task The_replies_of_all_query_commands_are_read_and_written_without_loss(string version)
    {
        var token = TestContext.Current.CancellationToken;
        Assert.SkipUnless(QemuBinaries.TryGet(version) is not null, QemuBinaries.Missing(version));
        await using var vm = await QemuVm.StartAsync(Rich(QemuBinaries.TryGet(version)!), token);
        await PrepareAsync(vm, token);
        var live = new LiveSchema(await vm.Monitor.ExecuteAsync("query-qmp-schema", null, token));

        var queries = live.Commands
            .Where(command => command.Name.Contains("query-", StringComparison.Ordinal))
            .Where(command => command.Arguments is null || live[command.Arguments].Members.All(static member => member.IsOptional))
            .Select(static command => (command.Name, Arguments: (string?)null));
        var here = live.Commands.Select(static command => command.Name).ToHashSet();
        var replies = new List<string>();
        var losses = new List<string>();
        foreach (var (name, arguments) in queries.Concat(WithArguments.Where(one => here.Contains(one.Name)).Select(static one => (one.Name, (string?)one.Arguments))))
        {
            // What this VM does not have, such as a guest's memory encryption.
            if (await TryAsync(vm.Monitor, name, arguments, token) is not { } reply || GeneratedApi.Qemu.Commands[name].Result == typeof(QmpSchema))
                continue;
            replies.Add(name);
            losses.AddRange(Losses(reply, GeneratedApi.Qemu.Commands[name]));
        }

        losses.Should().BeEmpty();
        replies.Should().HaveCountGreaterThan(40).And.Contain(["query-block", "query-jobs", "query-block-exports", "query-cpu-definitions", "query-pci"]);
        TestContext.Current.SendDiagnosticMessage($"{vm.Binaries}: {replies.Count} replies: {string.Join(' ', replies)}");
    }

    [Fact(Timeout = 120_000)]
    public async Task The_guest_agent_has_the_generated_commands_and_its_replies_are_read_and_written_without_loss()
    {
        var token = TestContext.Current.CancellationToken;
        Assert.SkipUnless(GuestVm.IsAvailable, GuestVm.Missing);
        await using var vm = await GuestVm.StartAsync(new GuestVmOptions { Writer = false }, token);
        var api = GeneratedApi.Agent;
        var info = await vm.AgentAsync("guest-info", null, token);
        var version = Version.Parse(info.GetProperty("version").GetString()!);
        var commands = info.GetProperty("supported_commands").EnumerateArray().Select(static one => one.GetProperty("name").GetString()!).ToList();

        commands.Except(api.Commands.Keys).Should().BeEmpty("every command of the agent is generated");
        api.Commands.Values.Where(command => command.Facts is { Condition: null, RemovedIn: null } facts && (facts.Since is null || Version.Parse(facts.Since) <= version))
            .Select(static command => command.Name).Except(commands).Should().BeEmpty("the agent has every command that is generated for its version");

        var process = (await vm.AgentAsync("guest-exec", """{"path":"/bin/echo","arg":["plain text"],"capture-output":true}""", token)).GetProperty("pid");
        var replies = 0;
        var losses = new List<string>();
        foreach (var (name, arguments) in commands.Where(static name => name.Contains("-get-", StringComparison.Ordinal) || name is "guest-info" or "guest-fsfreeze-status")
            .Select(static name => (name, (string?)null)).Append(("guest-exec-status", $$"""{"pid":{{process}}}""")))
        {
            try
            {
                var reply = await vm.AgentAsync(name, arguments, token);
                replies++;
                losses.AddRange(Losses(reply, api.Commands[name]));
            }
            catch (QmpMonitorException)
            {
                // Not supported in this small guest, or it needs arguments.
            }
        }

        losses.Should().BeEmpty();
        replies.Should().BeGreaterThan(10);
    }

    private static QemuVmOptions Rich(QemuBinaries binaries) => new()
    {
        Binaries = binaries,
        Disks = [new TestDisk("a") { IoThread = true }, new TestDisk("b") { Format = DiskFormat.Raw }, new TestDisk("c") { ThrottleFilter = true }],
        ExtraArguments =
        [
            "-m", "slots=2,maxmem=512M", "-object", "memory-backend-ram,id=ram1,size=128M", "-device", "pc-dimm,memdev=ram1,id=dimm1",
            "-smp", "1,maxcpus=4", "-netdev", "hubport,id=net0,hubid=0", "-device", "virtio-net-pci,netdev=net0,id=nic0",
            "-chardev", "null,id=void", "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=void,name=void", "-device", "virtio-balloon-pci",
        ],
    };

    /// <summary>Something to tell: a bitmap, a job that waits, an export, statistics.</summary>
    private static async Task PrepareAsync(QemuVm vm, CancellationToken token)
    {
        (string, string?)[] commands =
        [
            ("block-dirty-bitmap-add", $$"""{"node":"{{vm.Disk("a").Node}}","name":"monday","persistent":true}"""),
            ("blockdev-add", """{"driver":"null-co","node-name":"null0","size":67108864,"read-zeroes":true}"""),
            ("blockdev-mirror", $$"""{"job-id":"mirror0","device":"{{vm.Disk("b").Node}}","target":"null0","sync":"none"}"""),
            ("nbd-server-start", $$"""{"addr":{"type":"unix","data":{ "path":{{QmpMonitor.Quote(vm.Directory.File("nbd"))}} } } }"""),
            ("block-export-add", $$"""{"type":"nbd","id":"export0","node-name":"{{vm.Disk("c").Node}}"}"""),
            ("block-latency-histogram-set", $$"""{"id":"/machine/peripheral/{{vm.Disk("b").DeviceId}}/virtio-backend","boundaries":[10,50,100]}"""),
        ];
        await vm.Monitor.ExecuteAllAsync(commands, token);
    }

    private static async Task<JsonElement?> TryAsync(QmpMonitor monitor, string name, string? arguments, CancellationToken token)
    {
        try
        {
            return await monitor.ExecuteAsync(name, arguments, token);
        }
        catch (QmpMonitorException)
        {
            return null;
        }
    }

    private static IEnumerable<string> Losses(JsonElement reply, GeneratedCommand command)
    {
        try
        {
            return [.. JsonDifference.Between(reply, GeneratedApi.WriteAgain(reply, command.Result)).Distinct().Select(difference => $"{command.Name}: {difference}")];
        }
        catch (JsonException e)
        {
            return [$"{command.Name} is not read: {e.Message}"];
        }
    }
}
