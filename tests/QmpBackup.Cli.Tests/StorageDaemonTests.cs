using System.Text.Json;
using QmpBackup.Testing;

namespace QmpBackup.Cli.Tests;

/// <summary>Every command, against a real QEMU storage daemon.</summary>
public sealed class StorageDaemonTests : IAsyncLifetime
{
    private StorageDaemon _daemon = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _daemon = await StorageDaemon.StartAsync(
        new StorageDaemonOptions { Disks = [new TestDisk("a"), new TestDisk("b") { Format = DiskFormat.Raw, Size = 1 << 20 }], GuestExports = false }, Cancel);

    public ValueTask DisposeAsync() => _daemon.DisposeAsync();

    [Fact(Timeout = 60_000)]
    public async Task A_backup_is_opened_shown_and_closed()
    {
        var opened = await JsonAsync(0, "start", "--scratch-dir", _daemon.Directory.Path);
        var session = opened.GetProperty("session");
        var id = session.GetProperty("id").GetString();
        session.GetProperty("disks").EnumerateArray().Select(d => d.GetProperty("level").GetString()).Should().Equal("full", "full");

        (await JsonAsync(0, "status")).GetProperty("session").GetProperty("id").GetString().Should().Be(id);
        (await JsonAsync(0, "inspect")).GetProperty("session").GetString().Should().Be(id);
        (await ErrorAsync(9, "start")).GetProperty("code").GetString().Should().Be("busy");
        (await JsonAsync(0, "plan", "finish")).GetProperty("plan").GetProperty("action").GetString().Should().Be("finish");
        (await JsonAsync(0, "finish", "--dry-run", "--keep-bitmap")).GetProperty("plan").GetProperty("action").GetString().Should().Be("finish");
        var finished = await JsonAsync(0, "finish");
        (finished.GetProperty("action").GetString(), finished.GetProperty("session").GetProperty("id").GetString()).Should().Be(("finish", id));

        (await ErrorAsync(10, "finish")).GetProperty("code").GetString().Should().Be("nothing-open");
        (await JsonAsync(0, "abort")).GetProperty("session").ValueKind.Should().Be(JsonValueKind.Null);
        (await JsonAsync(0, "plan", "abort")).GetProperty("plan").GetProperty("steps").GetArrayLength().Should().Be(0);
        var chains = (await JsonAsync(0, "status")).GetProperty("chains");
        chains[0].GetProperty("checkpoints")[0].GetProperty("id").GetString().Should().Be(id);
        (await ErrorAsync(11, "start", "--level", "incremental", "--chain", "other")).GetProperty("code").GetString().Should().Be("incremental-not-sound");
        (await ErrorAsync(2, "start", "--disk", "nope")).GetProperty("code").GetString().Should().Be("invalid-argument");
    }

    [Fact(Timeout = 60_000)]
    public async Task Status_names_and_abort_removes_the_scratch_folder_of_a_killed_daemon()
    {
        var scratch = Directory.CreateDirectory(_daemon.Directory.File("scratch")).FullName;
        await RunAsync(0, "start", "--scratch-dir", scratch);
        var folder = Directory.EnumerateFileSystemEntries(scratch).Should().ContainSingle().Subject;
        await _daemon.KillAsync();
        await _daemon.RestartAsync(Cancel);

        (await RunAsync(0, "status", "--scratch-dir", scratch)).OutText.Should().Contain(folder);
        (await JsonAsync(0, "plan", "abort", "--scratch-dir", scratch)).GetProperty("plan").GetProperty("steps").GetArrayLength().Should().Be(1);
        var aborted = await RunAsync(0, "abort", "--scratch-dir", scratch);

        aborted.OutText.Should().Be("No backup is open. Remove the scratch folders of backups whose QEMU was killed.\n");
        aborted.ErrorText.Should().Contain(folder);
        Directory.EnumerateFileSystemEntries(scratch).Should().BeEmpty();
        (await RunAsync(0, "abort", "--scratch-dir", scratch)).OutText.Should().Contain("nothing to do");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_dry_run_changes_nothing()
    {
        var before = await _daemon.StateAsync(Cancel);

        var text = await RunAsync(0, "start", "--dry-run");

        text.OutText.Should().Contain("THE COMMIT POINT");
        (await _daemon.StateAsync(Cancel)).Should().BeEquivalentTo(before);
    }

    [Fact(Timeout = 60_000)]
    public async Task If_the_result_cannot_be_written_the_backup_stays_open_and_the_error_says_so()
    {
        var console = new FakeConsole { OutIsClosed = true };

        await console.RunOnThisAsync(1, "start", "--qmp", _daemon.QmpEndpoint, "--scratch-dir", _daemon.Directory.Path);

        console.ErrorText.Should().MatchRegex("^error: Backup [0-9TZa-f-]+ is open, but the result could not be written: Nothing reads standard output any more.\nhint:  'qbackup status' shows it");
        (await JsonAsync(0, "abort")).GetProperty("session").ValueKind.Should().Be(JsonValueKind.Object);
    }

    [Fact(Timeout = 60_000)]
    public async Task Bitmap_commands_add_change_and_remove_bitmaps()
    {
        var made = await JsonAsync(0, "bitmap", "add", "one", "--disk", "a", "--granularity", "4K", "--disabled");
        made.GetProperty("bitmap").ToString().Should().Be("""
            {
                "name": "one",
                "granularity": 4096,
                "count": 0,
                "recording": false,
                "busy": false,
                "persistent": true,
                "inconsistent": false
              }
            """);
        (await JsonAsync(0, "bitmap", "add", "two", "--disk", "a", "--no-persistent")).GetProperty("bitmap").GetProperty("persistent").GetBoolean().Should().BeFalse();
        (await JsonAsync(0, "bitmap", "add", "raw", "--disk", "b")).GetProperty("bitmap").GetProperty("persistent").GetBoolean().Should().BeFalse();
        await WriteAsync("a", 65536);

        (await JsonAsync(0, "bitmap", "merge", "one", "two", "--disk", "a")).GetProperty("bitmap").GetProperty("count").GetInt64().Should().Be(65536);
        (await JsonAsync(0, "bitmap", "enable", "one", "--disk", "a")).GetProperty("bitmap").GetProperty("recording").GetBoolean().Should().BeTrue();
        (await JsonAsync(0, "bitmap", "disable", "two", "--disk", "a")).GetProperty("bitmap").GetProperty("recording").GetBoolean().Should().BeFalse();
        (await JsonAsync(0, "bitmap", "clear", "one", "--disk", "a")).GetProperty("bitmap").GetProperty("count").GetInt64().Should().Be(0);
        (await RunAsync(0, "bitmap", "list")).OutText.Should().Be("""
            DISK  NAME   DIRTY  GRANULARITY  STATE
            b     raw      0 B       64 KiB  recording, in memory
            a     two   64 KiB       64 KiB  disabled, in memory
            a     one      0 B        4 KiB  recording, persistent

            """);
        (await JsonAsync(0, "bitmap", "remove", "one", "--disk", "a")).GetProperty("bitmap").ValueKind.Should().Be(JsonValueKind.Null);
        (await JsonAsync(0, "bitmap", "list", "--disk", "a")).GetProperty("bitmaps").EnumerateArray().Select(b => b.GetProperty("name").GetString()).Should().Equal("two");
    }

    [Fact(Timeout = 60_000)]
    public async Task Invalid_bitmap_changes_are_refused_before_QEMU_gets_a_command()
    {
        await RunAsync(0, "bitmap", "add", "one", "--disk", "a");

        (await MessageAsync(2, "bitmap", "add", "one", "--disk", "a")).Should().Be("There is a bitmap 'one' on disk a already.");
        (await MessageAsync(2, "bitmap", "clear", "two", "--disk", "a")).Should().Be("There is no bitmap 'two' on disk a.");
        (await MessageAsync(2, "bitmap", "add", "one")).Should().Be("This VM has more than one disk, and none is named.");
        (await MessageAsync(2, "bitmap", "add", "p", "--disk", "b", "--persistent")).Should().Be("The image of disk b cannot store bitmaps: that takes qcow2, version 3.");
        (await MessageAsync(2, "bitmap", "merge", "one", "gone", "--disk", "a")).Should().Be("There is no bitmap 'gone' on disk a.");
        (await MessageAsync(2, "bitmap", "list", "--disk", "nope")).Should().Be("This VM has no disk 'nope'.");
    }

    [Fact(Timeout = 60_000)]
    public async Task Bitmaps_of_a_backup_are_protected()
    {
        await RunAsync(0, "start", "--disk", "a", "--scratch-dir", _daemon.Directory.Path);
        await RunAsync(0, "finish");
        await RunAsync(0, "start", "--disk", "a", "--scratch-dir", _daemon.Directory.Path);
        var bitmaps = (await JsonAsync(0, "bitmap", "list")).GetProperty("bitmaps").EnumerateArray().ToList();
        var exported = bitmaps.Single(b => b.GetProperty("busy").GetBoolean()).GetProperty("name").GetString()!;

        foreach (var action in (string[])["remove", "clear", "enable", "disable"])
            (await MessageAsync(2, "bitmap", action, exported, "--disk", "a")).Should().Contain("is a bitmap of qbackup's own:");
        (await MessageAsync(2, "bitmap", "add", "qbackup.mine", "--disk", "a")).Should().Contain("the next backup would treat it as a checkpoint");
        await RunAsync(0, "bitmap", "add", "mine", "--disk", "a");
        (await MessageAsync(2, "bitmap", "merge", exported, "mine", "--disk", "a")).Should().Contain("is a bitmap of qbackup's own:");
        (await MessageAsync(9, "bitmap", "merge", exported, "mine", "--disk", "a", "--force")).Should().Contain("is in use by an export or a job");
        (await MessageAsync(9, "bitmap", "clear", exported, "--disk", "a", "--force")).Should().Contain("is in use by an export or a job");

        await RunAsync(0, "abort");
        (await JsonAsync(0, "bitmap", "merge", "mine", exported, "--disk", "a")).GetProperty("name").GetString().Should().Be("mine", "the source of a merge is only read");
        (await JsonAsync(0, "bitmap", "merge", exported, "mine", "--disk", "a", "--force")).GetProperty("name").GetString().Should().Be(exported);
        (await JsonAsync(0, "bitmap", "disable", exported, "--disk", "a", "--force")).GetProperty("bitmap").GetProperty("recording").GetBoolean().Should().BeFalse();
    }

    [Fact(Timeout = 60_000)]
    public async Task If_the_connection_is_lost_while_a_bitmap_is_changed_that_is_the_error()
    {
        await using var proxy = QmpProxy.Start(_daemon.QmpPath, _daemon.Directory.File("proxy"));
        proxy.On("block-dirty-bitmap-add").CutWithoutReply();

        var console = await FakeConsole.RunAsync(3, "bitmap", "add", "one", "--disk", "a", "-o", "json", "--qmp", proxy.Endpoint);

        JsonDocument.Parse(console.ErrorText).RootElement.GetProperty("error").GetProperty("code").GetString().Should().Be("connection-lost");
        (await MessageAsync(2, "bitmap", "add", "one", "--disk", "a")).Should().Be("There is a bitmap 'one' on disk a already.");
    }

    [Fact(Timeout = 60_000)]
    public async Task Any_qmp_command_can_be_sent()
    {
        (await RunAsync(0, "qmp", "query-block-exports")).OutText.Should().Be("[]\n");
        (await JsonAsync(0, "qmp", "query-named-block-nodes", """{"flat": true}""")).GetProperty("return").GetArrayLength().Should().BePositive();
        var file = _daemon.Directory.File("arguments.json");
        await File.WriteAllTextAsync(file, """{"flat": false}""", Cancel);
        (await JsonAsync(0, "qmp", "query-named-block-nodes", "@" + file)).GetProperty("return").GetArrayLength().Should().BePositive();
        var piped = new FakeConsole { In = new StringReader("""{"id": "x"}""") };
        await piped.RunOnThisAsync(4, "qmp", "job-cancel", "-", "--qmp", _daemon.QmpEndpoint);
        piped.ErrorText.Should().StartWith("error: QEMU refused job-cancel: ");
        (await ErrorAsync(4, "qmp", "no-such-command")).GetProperty("code").GetString().Should().Be("command-refused");
        (await JsonAsync(0, "qmp", "query-jobs", "--timeout", "0")).GetProperty("schemaVersion").GetInt32().Should().Be(1);
    }

    [Fact(Timeout = 60_000)]
    public async Task Logs_go_to_standard_error_and_to_the_file()
    {
        var file = _daemon.Directory.File("log");

        var console = await RunAsync(0, "start", "-v", "--log-file", file, "--disk", "a", "--scratch-dir", _daemon.Directory.Path);
        await RunAsync(0, "abort", "--log-file", file);

        console.ErrorText.Should().Contain("info  BackupWorkflow: ").And.Contain("blockdev-add").And.NotContain("debug");
        var log = await File.ReadAllTextAsync(file, Cancel);
        log.Should().Contain("blockdev-backup").And.Contain("block-dirty-bitmap-remove", "the second command appends").And.NotContain("\e");
        File.GetUnixFileMode(file).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private async Task WriteAsync(string node, int bytes)
    {
        await RunAsync(0, "qmp", "nbd-server-start", $$"""{ "addr": { "type": "unix", "data": { "path": "{{_daemon.Directory.File("nbd")}}" } } }""");
        await RunAsync(0, "qmp", "block-export-add", $$"""{"type":"nbd","id":"guest","node-name":"{{node}}","writable":true}""");
        await CommandRunner.RunCheckedAsync("qemu-io", "-f", "raw", "-c", $"write -P 0x11 0 {bytes}", $"nbd+unix:///{node}?socket={_daemon.Directory.File("nbd")}");
        await RunAsync(0, "qmp", "nbd-server-stop");
    }

    private async Task<FakeConsole> RunAsync(int exitCode, params string[] args) => await FakeConsole.RunAsync(exitCode, [.. args, "--qmp", _daemon.QmpEndpoint]);

    private async Task<JsonElement> JsonAsync(int exitCode, params string[] args)
    {
        var console = await RunAsync(exitCode, [.. args, "-o", "json"]);
        console.ErrorText.Should().BeEmpty();
        return JsonDocument.Parse(console.OutText).RootElement;
    }

    private async Task<JsonElement> ErrorAsync(int exitCode, params string[] args)
    {
        var console = await RunAsync(exitCode, [.. args, "-o", "json"]);
        console.OutText.Should().BeEmpty();
        return JsonDocument.Parse(console.ErrorText).RootElement.GetProperty("error");
    }

    private async Task<string> MessageAsync(int exitCode, params string[] args) => (await ErrorAsync(exitCode, args)).GetProperty("message").GetString()!;
}
