using System.Text.Json;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Terminal;
using QmpBackup.Planning;

namespace QmpBackup.Cli.Tests;

/// <summary>The output as text.</summary>
public sealed class RenderingTests
{
    [Fact]
    public void Start_says_how_to_read_and_close_the_backup() => Text(t => SessionText.WriteOpened(t, Given.Session())).Should().Be("""
        Backup 20261123T034712Z-1a2b3c is open: 2 disks, chain default.

          DISK    LEVEL          SIZE  CHANGED  READ IT AT
          disk-a  incremental  20 GiB  192 KiB  nbd+unix:///disk-a?socket=/var/tmp/q/s
              changes since checkpoint 20261122T034712Z-0a0b0c
          vd-b    full          4 KiB        -  nbd+unix:///vd-b?socket=/var/tmp/q/s
              full was requested

        List what changed and read it, for example with libnbd:
          nbdinfo --map=qemu:dirty-bitmap:qbackup.default.20261122T034712Z-0a0b0c.on-2a568a5b 'nbd+unix:///disk-a?socket=/var/tmp/q/s'
        Then close it:
          qbackup finish   the data is safe
          qbackup abort    as if it had never been started

        """);

    [Fact]
    public void Status_shows_the_open_backup_and_the_chains() => Text(t => StatusText.Write(t, Given.Status())).Should().Be("""
        Backup 20261123T034712Z-1a2b3c is open since 2026-11-23 03:47:12 UTC.
          chain default, fleecing overlay, NBD unix:/var/tmp/q/s

          DISK    LEVEL          SIZE  CHANGED  READ IT AT
          disk-a  incremental  20 GiB  192 KiB  nbd+unix:///disk-a?socket=/var/tmp/q/s
              changes since checkpoint 20261122T034712Z-0a0b0c
          vd-b    full          4 KiB        -  nbd+unix:///vd-b?socket=/var/tmp/q/s
              full was requested

        Chain default
          CHECKPOINT               TAKEN                    STATE     DISKS
          20261122T034712Z-0a0b0c  2026-11-22 03:47:12 UTC  disabled  disk-a

        """);

    [Fact]
    public void Status_and_inspect_say_how_to_close_an_interrupted_backup()
    {
        var text = Text(t => StatusText.Write(t, new VmStatus { Interrupted = CheckpointId.Parse(Given.Checkpoint) }));
        text.Should().Contain("""
            Backup 20261123T034712Z-1a2b3c was interrupted by a restart of QEMU. If its copy was complete,
            'qbackup finish' closes it as safe. Otherwise the next start, or 'qbackup abort', rolls it back.

            """);
        var inspection = VmInspector.Inspect(Given.Vm(), Given.Request());
        Text(t => InspectText.Write(t, inspection with { Status = new VmStatus { Interrupted = CheckpointId.Parse(Given.Checkpoint) } })).Should().Contain("'qbackup finish' closes it as safe");
    }

    [Fact]
    public void Status_without_a_checkpoint_says_that_the_first_backup_is_full() => Text(t => StatusText.Write(t, new VmStatus())).Should().Be("""
        No backup is open.

        There is no checkpoint yet: the first backup of each disk is full.

        """);

    [Fact]
    public void Inspect_shows_what_the_next_backup_does_with_each_disk() => Text(t => InspectText.Write(t, VmInspector.Inspect(Given.Vm(), Given.Request()))).Should().Be("""
        VM vm1, QEMU 7.2.22, running

        disk-a  20 GiB, qcow2
          known as  node disk-a, device vd-a
          backup    incremental
                    changes since checkpoint 20261122T034712Z-0a0b0c
          bitmaps
            NAME                                                   DIRTY  GRANULARITY  STATE
            qbackup.default.20261122T034712Z-0a0b0c.on-2a568a5b  192 KiB       64 KiB  recording, persistent
            foreign\x1b[31m                                            -       64 KiB  inconsistent, persistent

        vd-b  4 KiB, raw
          known as  node #block123, device vd-b, drive drv-b
          backup    full
                    no checkpoint of chain default on this disk yet; its bitmap lives in memory, as format
                    raw cannot store one: after a restart of QEMU the next backup is a full one

        cd  1 MiB, raw, read-only
          known as  node cd
          backup    left out
                    the guest cannot write it: there is nothing to back up while it runs

        """);

    [Fact]
    public void Inspect_says_why_one_disk_cannot_be_backed_up_and_shows_the_others()
    {
        var request = Given.Request() with { Level = LevelChoice.Incremental };

        var disks = VmInspector.Inspect(Given.Vm(), request).Disks;

        disks[0].Level.Should().Be(BackupLevel.Incremental);
        (disks[1].IsIncluded, disks[1].Level).Should().Be((true, null));
        disks[1].Reason.Should().StartWith("An incremental backup of disk vd-b would not be sound");
    }

    [Fact]
    public void Inspect_includes_only_the_requested_disks()
    {
        var disks = VmInspector.Inspect(Given.Vm(), Given.Request() with { Disks = ["drv-b"] }).Disks;

        disks.Select(d => d.IsIncluded).Should().Equal(false, true, false);
        VmInspector.Inspect(Given.Vm(), Given.Request() with { Exclude = ["vd-b"] }).Disks[1].Reason.Should().Be("excluded");
        var unknown = () => VmInspector.Inspect(Given.Vm(), Given.Request() with { Disks = ["nope"] });
        unknown.Should().Throw<BackupException>().WithMessage("This VM has no disk 'nope'.").Which.Hint.Should().Be("It has: disk-a, vd-b, cd.");
    }

    [Fact]
    public void A_plan_shows_every_purpose_and_the_commit_point()
    {
        var plan = StartPlanner.Plan(Given.Vm(), Given.Request() with { Disks = ["disk-a"] });

        var text = Text(t => PlanText.Write(t, plan, inFull: false));

        text.Should().StartWith("""
            Open backup 20261123T034712Z-1a2b3c of 1 disk, 1 of them incremental.

              DISK      SIZE  LEVEL
              disk-a  20 GiB  incremental
                  changes since checkpoint 20261122T034712Z-0a0b0c

            """);
        text.Should().Contain("── THE COMMIT POINT ─").And.Contain("""
            -> { "execute": "transaction", "arguments": { "actions": [
                       { "type": "block-dirty-bitmap-add", "data": { "node": "disk-a",
            """.Trim());
        foreach (var step in plan.Steps)
            OneLine(text).Should().Contain(OneLine(step.Purpose));
        text.Split('\n').Should().OnlyContain(line => !line.EndsWith(' '));
    }

    [Fact]
    public void A_full_plan_shows_every_command_unchanged()
    {
        var plan = StartPlanner.Plan(Given.Vm(), Given.Request());

        var text = Text(t => PlanText.Write(t, plan, inFull: true));

        var shown = Transcript(text).ToList();
        var expected = plan.Steps.SelectMany(s => s.Undo.Prepend(s)).OfType<CommandStep>().Select(s => s.Request.ToJson()).ToList();
        shown.Should().HaveCount(expected.Count);
        for (var i = 0; i < shown.Count; i++)
            JsonElement.DeepEquals(shown[i], JsonDocument.Parse(expected[i]).RootElement).Should().BeTrue("step {0} is {1}", i, expected[i]);
    }

    [Fact]
    public void A_plan_without_steps_is_one_sentence() =>
        Text(t => PlanText.Write(t, AbortPlanner.Plan(Given.Vm()), inFull: false)).Should().Be("No backup is open: nothing to do.\n");

    // The JSON after each arrow, to the line that closes it.
    private static IEnumerable<JsonElement> Transcript(string text)
    {
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var arrow = lines[i].IndexOf("-> {", StringComparison.Ordinal);
            if (arrow < 0)
                continue;
            var indent = arrow + 3;
            var rest = lines.Skip(i + 1).TakeWhile(l => l.Length > indent && string.IsNullOrWhiteSpace(l[..indent]));
            yield return JsonDocument.Parse(string.Join('\n', rest.Prepend(lines[i][indent..]))).RootElement;
        }
    }

    private static string OneLine(string text) => string.Join(' ', text.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries));

    private static string Text(Action<TextDocument> write)
    {
        var text = new TextDocument();
        write(text);
        return text.ToString();
    }
}
