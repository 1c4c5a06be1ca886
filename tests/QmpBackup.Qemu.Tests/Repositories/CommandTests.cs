using System.Text.Json;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>The commands as scripts use them.</summary>
public sealed class CommandTests
{
    private static async Task<CommandResult> RunAsync(RepositoryLab lab, int exit, params string[] arguments)
    {
        var result = await Qbackup.RunAsync([.. arguments, "--repo", lab.Repository.Path], null, Token);
        result.ExitCode.Should().Be(exit, "{0}\n{1}{2}", string.Join(' ', arguments), result.Stdout, result.Stderr);
        return result;
    }

    private static async Task<JsonElement> JsonAsync(RepositoryLab lab, int exit, params string[] arguments)
    {
        using var document = JsonDocument.Parse((await RunAsync(lab, exit, [.. arguments, "-o", "json"])).Stdout);
        document.RootElement.GetProperty("schemaVersion").GetInt32().Should().Be(1);
        return document.RootElement.Clone();
    }

    [Fact(Timeout = 180_000)]
    public async Task Run_pull_list_verify_and_restore_keep_the_contract()
    {
        await using var lab = await RepositoryLab.StartAsync();
        string[] vm = ["--qmp", lab.Vm.QmpEndpoint];
        string[] start = [.. vm, "--scratch-dir", lab.Vm.Directory.Path];
        await lab.Vm.WriteAsync("a", 0, 0x11, 3 * Mib);
        var full = (await JsonAsync(lab, 0, ["run", .. start])).GetProperty("point");
        full.GetProperty("parent").ValueKind.Should().Be(JsonValueKind.Null);
        var file = full.GetProperty("disks")[0].GetProperty("file").GetString()!;
        file.Should().Be($"testvm/default/a/{full.GetProperty("id").GetString()}.qcow2");
        (await DiskOracle.CompareImageAsync(lab.Vm.Snapshot("a"), Path.Combine(lab.Repository.Path, file))).Should().BeNull();

        await RunAsync(lab, 10, ["pull", .. vm]);
        await lab.Vm.WriteAsync("a", Mib, 0x22, 4096);
        (await Qbackup.RunAsync(["start", .. start])).ExitCode.Should().Be(0);
        var point = (await JsonAsync(lab, 0, ["pull", .. vm])).GetProperty("point");
        point.GetProperty("parent").GetString().Should().Be(full.GetProperty("id").GetString());
        (await Qbackup.RunAsync(["finish", .. vm])).ExitCode.Should().Be(0);
        var id = point.GetProperty("id").GetString()!;

        (await JsonAsync(lab, 0, "list")).GetProperty("points").EnumerateArray().Select(p => p.GetProperty("id").GetString()).Should()
            .Equal(full.GetProperty("id").GetString(), id);
        (await RunAsync(lab, 0, "list")).Stdout.Should().Contain("┌ ").And.Contain("└ " + id).And.Contain("incremental");
        (await JsonAsync(lab, 0, "verify")).GetProperty("results").GetArrayLength().Should().Be(2);
        await RunAsync(lab, 0, "verify", "--quick");

        var target = lab.Vm.Directory.File("out.raw");
        (await JsonAsync(lab, 0, "restore", "--point", "latest", "--disk", "a", "--to", target, "--format", "raw"))
            .GetProperty("restored")[0].GetProperty("to").GetString().Should().Be(target);
        (await File.ReadAllBytesAsync(target, Token)).AsSpan().SequenceEqual(lab.Vm.Snapshot("a")).Should().BeTrue();
        await RunAsync(lab, 8, "restore", "--point", "latest", "--disk", "a", "--to", target);
        await RunAsync(lab, 0, "restore", "--point", "latest", "--disk", "a", "--to", target, "--force");
        await RunAsync(lab, 0, "restore", "--point", id, "--to", lab.Vm.Directory.File("all"));
        (await DiskOracle.CompareImageAsync(lab.Vm.Snapshot("a"), lab.Vm.Directory.File("all/a.qcow2"))).Should().BeNull();

        File.Delete(Path.Combine(lab.Repository.Path, file));
        var wrong = (await JsonAsync(lab, 6, "verify")).GetProperty("results").EnumerateArray().ToList();
        wrong.Should().OnlyContain(
            r => r.GetProperty("damagedPoint").GetString() == full.GetProperty("id").GetString() && !r.GetProperty("sound").GetBoolean());
        await RunAsync(lab, 6, "restore", "--point", id, "--disk", "a", "--to", target, "--force");
        await RunAsync(lab, 2, "restore", "--point", "latest", "--to", target, "--vm", "unknown");
        using (lab.Chain.Lock())
            await RunAsync(lab, 9, ["run", .. start]);
        var next = (await JsonAsync(lab, 0, ["run", .. start])).GetProperty("point").GetProperty("disks")[0];
        next.GetProperty("level").GetString().Should().Be("full");
        next.GetProperty("reason").GetString().Should().Contain("missing");
    }
}
