using System.Text;
using QmpBackup.Model;
using QmpBackup.Nbd;
using QmpBackup.Planning;
using static QmpBackup.Tests.Given;

namespace QmpBackup.Tests.Model;

/// <summary>The note comes back from QEMU, which may be hostile.</summary>
public sealed class SessionNoteTests
{
    private static readonly SessionNames Names = new(Checkpoint(9));
    private static readonly SessionNames OtherNames = new(Checkpoint(8));

    private static SessionNote Note() => StartPlanner.Plan(Vm(Disk("a", Recording(Name(1))), Disk("b")), Request()).Note!;

    [Fact]
    public void A_note_that_qbackup_wrote_can_be_read()
    {
        SessionNote[] notes =
        [
            Note(),
            Note() with { Phase = SessionPhase.Finishing, KeepBitmap = true, FrozenMilliseconds = 12.5 },
            StartPlanner.Plan(Vm(Disk("a")) with { Process = null }, Request()).Note!,
            StartPlanner.Plan(Vm(Disk("../x \u00e4")), Request() with { Nbd = NbdEndpoint.Tcp("::1", 10809), TlsCreds = "tls0" }).Note!,
            StartPlanner.Plan(Vm(Disk("a", Closed(Name(1)), Recording(Name(2, after: 1)))), Request() with { Since = Checkpoint(1) }).Note!,
        ];
        foreach (var note in notes)
            SessionNote.TryParse(note.ToJson())!.ToJson().Should().Be(note.ToJson());
    }

    // Every client of the VM reads it, also an older version of this library.
    [Fact]
    public void The_note_of_a_disk_keeps_its_members_and_their_order()
    {
        var disk = new SessionNoteDisk
        {
            Name = "a",
            Node = "n",
            Device = "d",
            Top = "t",
            FailedWrites = 3,
            Size = 4096,
            Encryption = "luks",
            Level = BackupLevel.Incremental,
            Reason = "r",
            Parent = Checkpoint(1),
            Export = "e",
            Bitmap = "b",
            BitmapNode = "o",
            Scratch = "/s",
        };
        var json = (Note() with { Disks = [disk] }).ToJson();
        json[json.IndexOf("\"disks\":", StringComparison.Ordinal)..].Should().Be(
            $$"""
            "disks":[{"name":"a","node":"n","device":"d","top":"t","failedWrites":3,"size":4096,"encryption":"luks","level":"incremental","reason":"r","parent":"{{Checkpoint(1)}}","export":"e","bitmap":"b","bitmapNode":"o","scratch":"/s"}]}
            """);
    }

    private static readonly Dictionary<string, Func<SessionNote, SessionNote>> Forgeries = new()
    {
        { "another backup's folder", n => n with { ScratchFolder = "/var/tmp/" + OtherNames.Directory } },
        { "a folder that is not a scratch folder", n => n with { ScratchFolder = "/etc" } },
        { "a folder with .. in its path", n => n with { ScratchFolder = $"/var/tmp/x/../{Names.Directory}" } },
        { "a relative folder", n => n with { ScratchFolder = Names.Directory } },
        { "a folder with a NUL", n => n with { ScratchFolder = "/var/tmp/\0/" + Names.Directory } },
        { "no folder, and images in one", n => n with { ScratchFolder = null, Disks = [n.Disks[0], n.Disks[1] with { Scratch = "/x/" + Names.Disk(1).ScratchFile }] } },
        { "another backup's image", n => n with { Disks = [n.Disks[0] with { Scratch = $"/var/tmp/{OtherNames.Directory}/{OtherNames.Disk(0).ScratchFile}" }] } },
        { "an image elsewhere", n => n with { Disks = [n.Disks[0] with { Scratch = "/etc/" + Names.Disk(0).ScratchFile }] } },
        { "another disk's image", n => n with { Disks = [n.Disks[0], n.Disks[1] with { Scratch = n.Disks[0].Scratch }] } },
        { "two disks of one name", n => n with { Disks = [n.Disks[0], n.Disks[1] with { Name = "a", Export = "a" }] } },
        { "another export", n => n with { Disks = [n.Disks[0] with { Export = "b" }] } },
        { "another bitmap", n => n with { Disks = [n.Disks[0] with { Bitmap = "x" }] } },
        { "no disk", n => n with { Disks = [] } },
        { "a disk that is null", n => n with { Disks = [null!] } },
        { "a negative size", n => n with { Disks = [n.Disks[0] with { Size = -1 }] } },
        { "an invalid phase", n => n with { Phase = (SessionPhase)7 } },
        { "a relative socket", n => n with { Nbd = NbdEndpoint.Unix("x") } },
    };

    public static TheoryData<string> Forged => [.. Forgeries.Keys];

    [Theory]
    [MemberData(nameof(Forged))]
    public void A_note_that_names_parts_of_another_checkpoint_is_invalid(string forgery) =>
        SessionNote.TryParse(Forgeries[forgery](Note()).ToJson()).Should().BeNull(forgery);

    [Fact]
    public void A_note_with_an_invalid_server_address_is_invalid()
    {
        var json = Note().ToJson();
        var address = $"\"nbd\":\"{Note().Nbd}\"";

        json.Should().Contain(address);
        foreach (var invalid in (string[])["\"nbd://x\"", "\"\"", "null", "7"])
            SessionNote.TryParse(json.Replace(address, $"\"nbd\":{invalid}")).Should().BeNull(invalid);
    }

    [Theory]
    [InlineData("checkpoint", "\"../x\"")]
    [InlineData("checkpoint", "\"\"")]
    [InlineData("checkpoint", "null")]
    [InlineData("checkpoint", "7")]
    [InlineData("chain", "\"../x\"")]
    [InlineData("chain", "\"a.b\"")]
    [InlineData("chain", "null")]
    [InlineData("chain", "[]")]
    [InlineData("parent", "\"../x\"")]
    [InlineData("parent", "null")]
    [InlineData("parent", "{}")]
    public void A_note_with_an_invalid_name_is_refused(string member, string value)
    {
        var json = Note().ToJson();
        var forged = System.Text.RegularExpressions.Regex.Replace(json, $"\"{member}\":\"[^\"]*\"", $"\"{member}\":{value}");
        forged.Should().NotBe(json);
        SessionNote.TryParse(forged).Should().BeNull();
    }

    [Fact]
    public void Names_are_strings_in_the_note()
    {
        var json = Note().ToJson();
        json.Should().Contain($"\"checkpoint\":\"{Checkpoint(9)}\",\"chain\":\"default\",").And.Contain($"\"parent\":\"{Checkpoint(1)}\",");
    }

    [Fact]
    public void A_note_with_half_a_surrogate_pair_is_invalid()
    {
        var json = Note().ToJson();
        SessionNote.TryParse(json.Replace("\"name\":\"a\"", "\"name\":\"\\ud800\"")).Should().BeNull();
        SessionNote.TryParse(json.Replace("\"name\":\"a\"", "\"name\":\"\ud800\"")).Should().BeNull();
    }

    [Fact]
    public void A_changed_note_never_names_parts_of_another_checkpoint()
    {
        var random = new Random(20261125);
        string[] hostileValues =
        [
            "null", "[]", "{}", "\"\"", "-1", "1e999", "true", "\"/etc/passwd\"", "\"\\u0000\"", "\"\\ud800\"", "\"../../x\"", "[null]", "9223372036854775808", "\"unix:/run/other.sock\"",
            $"\"/var/tmp/{OtherNames.Directory}\"", $"\"/var/tmp/{OtherNames.Directory}/{OtherNames.Disk(0).ScratchFile}\"", $"\"{new string('x', 5000)}\"", "\"2026-13-45T99:99:99Z\"", "{\"a\":{\"a\":{}}}",
        ];
        var seed = Note().ToJson();
        var accepted = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var text = new StringBuilder(seed);
            for (var n = random.Next(1, 4); n > 0; n--)
                Mutate(text, random, hostileValues);
            if (SessionNote.TryParse(text.ToString()) is not { } note)
                continue;
            accepted++;
            var own = new SessionNames(note.Checkpoint);
            if (note.ScratchFolder is { } folder)
                folder.Should().StartWith("/").And.EndWith("/" + own.Directory).And.NotContain("/../");
            note.Disks.Select((d, at) => Path.GetFileName(d.Scratch) == own.Disk(at).ScratchFile).Should().AllBeEquivalentTo(true);
            // Status and abort must accept every note that was parsed.
            var vm = Vm(Disk("a", Recording(Name(1))), Disk("b")) with { HasNote = true, Note = note };
            StatusReader.Read(vm).Session.Should().NotBeNull();
            AbortPlanner.Plan(vm).Steps.OfType<RemoveFolderStep>().All(s => Path.GetFileName(s.Path) == own.Directory).Should().BeTrue();
        }

        accepted.Should().BeGreaterThan(100, "else the mutations test nothing");
    }

    private static void Mutate(StringBuilder text, Random random, string[] hostileValues)
    {
        var json = text.ToString();
        switch (random.Next(4))
        {
            case 0: // another value for a member
                var members = System.Text.RegularExpressions.Regex.Matches(json, "\":(\"[^\"]*\"|[0-9.]+|null|true|false)");
                if (members.Count == 0)
                    return;
                var member = members[random.Next(members.Count)];
                text.Remove(member.Index + 2, member.Length - 2).Insert(member.Index + 2, hostileValues[random.Next(hostileValues.Length)]);
                break;
            case 1: // a character
                var at = random.Next(text.Length);
                text[at] = (char)random.Next(32, 127);
                break;
            case 2: // a part twice
                var from = random.Next(text.Length);
                var part = json.Substring(from, Math.Min(random.Next(1, 80), json.Length - from));
                text.Insert(random.Next(text.Length), part);
                break;
            default: // a part removed
                var start = random.Next(text.Length);
                text.Remove(start, Math.Min(random.Next(1, 40), text.Length - start));
                break;
        }
    }
}
