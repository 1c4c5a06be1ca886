namespace QmpBackup.Testing.Tests;

public sealed class GuestVmTests
{
    [Theory(Timeout = 120_000)]
    [InlineData("host")]
    [InlineData("11.1")]
    public async Task A_real_guest_writes_freezes_and_thaws_and_its_frozen_disks_are_clean(string version)
    {
        var token = TestContext.Current.CancellationToken;
        var binaries = QemuBinaries.TryGet(version);
        Assert.SkipWhen(binaries is null, QemuBinaries.Missing(version));
        Assert.SkipUnless(GuestVm.IsAvailable, GuestVm.Missing);
        await using var vm = await GuestVm.StartAsync(new GuestVmOptions { Binaries = binaries }, token);
        await vm.WaitForRoundsAsync(5, token);
        await ExpectAsync(vm, frozen: false);

        (await vm.AgentAsync("guest-fsfreeze-freeze", null, token)).GetInt32().Should().Be(2);
        (await vm.FreezeStatusAsync(token)).Should().Be("frozen");
        var rounds = vm.Rounds;
        await ExpectAsync(vm, frozen: true);
        vm.Rounds.Should().BeLessThanOrEqualTo(rounds + 1, "the writer stands still");

        (await vm.AgentAsync("guest-fsfreeze-thaw", null, token)).GetInt32().Should().Be(2);
        await vm.WaitForRoundsAsync(5, token);
        (await vm.RunAsync("cat /mnt/a/log | head -n 1", token)).Stdout.Should().Be("rec 1");
    }

    [Fact(Timeout = 120_000)]
    public async Task The_agent_can_be_killed_while_frozen_and_the_images_boot_again()
    {
        var token = TestContext.Current.CancellationToken;
        Assert.SkipUnless(GuestVm.IsAvailable, GuestVm.Missing);
        await using var vm = await GuestVm.StartAsync(new GuestVmOptions { HookSeconds = 1 }, token);
        await vm.WaitForRoundsAsync(3, token);
        await vm.AgentAsync("guest-fsfreeze-freeze", null, token);
        await vm.KillAgentAsync(token);
        var images = await PullAsync(vm);
        await vm.StartAgentAsync(token);
        (await vm.FreezeStatusAsync(token)).Should().Be("frozen");
        await vm.AgentAsync("guest-fsfreeze-thaw", null, token);
        await vm.WaitForRoundsAsync(3, token);

        await using var second = await GuestVm.StartAsync(new GuestVmOptions { Images = images, Writer = false }, token);
        var first = (await second.RunAsync("tail -n 1 /mnt/a/log", token)).EnsureSuccess().Stdout;
        first.Should().StartWith("rec ");
    }

    private static async Task ExpectAsync(GuestVm vm, bool frozen)
    {
        var images = await PullAsync(vm);
        foreach (var image in images)
            (await Ext4Image.NeedsRecoveryAsync(image)).Should().Be(!frozen);
        if (frozen)
            (await Ext4Image.CheckAsync(images[0])).ExitCode.Should().Be(0);
        var last = new List<int>();
        foreach (var image in images)
            last.Add(await Ext4Image.LastRecordAsync(await Ext4Image.ReplayAsync(image)));
        last[0].Should().BeInRange(last[1], last[1] + 1);
    }

    /// <summary>Both disks at one moment, by one transaction of full overlays.</summary>
    private static async Task<string[]> PullAsync(GuestVm vm)
    {
        var socket = vm.Directory.File("nbd");
        File.Delete(socket);
        foreach (var disk in vm.Disks)
        {
            var overlay = vm.Directory.File($"o-{disk.Name}");
            await DiskImages.CreateAsync(overlay, DiskFormat.Qcow2, disk.Size);
            await vm.Monitor.ExecuteAsync("blockdev-add", $$"""
                {"driver":"qcow2","node-name":"tmp-{{disk.Name}}","file":{"driver":"file","filename":"{{overlay}}" },"backing":"{{disk.Node}}"}
                """);
        }

        var actions = vm.Disks.Select(disk => $$$"""
            {"type":"blockdev-backup","data":{"device":"{{{disk.Node}}}","target":"tmp-{{{disk.Name}}}","sync":"none","job-id":"job-{{{disk.Name}}}"}}
            """);
        await vm.Monitor.ExecuteAsync("transaction", $$"""{"actions":[{{string.Join(',', actions)}}]}""");
        await PullByHand.StartServerAsync(vm, socket);
        var images = new List<string>();
        foreach (var disk in vm.Disks)
        {
            await vm.Monitor.ExecuteAsync("block-export-add", $$"""{"type":"nbd","id":"exp-{{disk.Name}}","node-name":"tmp-{{disk.Name}}","name":"{{disk.Name}}"}""");
            images.Add(vm.Directory.File($"pulled-{disk.Name}.raw"));
            await NbdTools.CopyAsync(NbdTools.Uri(socket, disk.Name), images[^1]);
        }

        foreach (var disk in vm.Disks)
            await PullByHand.CloseAsync(vm, disk.Name);
        await vm.Monitor.ExecuteAsync("nbd-server-stop");
        return [.. images];
    }
}
