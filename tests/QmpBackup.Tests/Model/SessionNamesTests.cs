using QmpBackup.Model;

namespace QmpBackup.Tests.Model;

public sealed class SessionNamesTests
{
    private static readonly SessionNames Names = new("1a2b3c");

    [Fact]
    public void Node_names_fit_into_what_QEMU_allows()
    {
        const int MaxNodeName = 31;
        foreach (var name in new[] { Names.Disk(9999).Overlay, Names.Disk(9999).OverlayFile, Names.Disk(9999).Filter, Names.Disk(9999).Access })
            name.Length.Should().BeLessThanOrEqualTo(MaxNodeName);
    }

    [Fact]
    public void All_names_are_recognised_as_ours()
    {
        foreach (var id in new[] { Names.Disk(7).Job, Names.Disk(7).Export, Names.Disk(7).Overlay, Names.Disk(7).Filter, Names.Disk(7).Access, Names.Disk(7).CreateFileJob, Names.Disk(7).FormatJob, Names.Disk(7).EmptyJob })
        {
            SessionNames.TryParse(id, out var tag, out var disk).Should().BeTrue(id);
            (tag, disk).Should().Be(("1a2b3c", 7));
        }

        SessionNames.IsOurFile(Names.Disk(3).ScratchFile).Should().BeTrue();
        SessionNames.IsOurFile(Names.Socket).Should().BeTrue();
        SessionNames.IsOurDirectory(Names.Directory).Should().BeTrue();
    }

    [Theory]
    [InlineData("qb-1a2b3c")]
    [InlineData("qb-1a2b3-0")]
    [InlineData("qb-1a2b3c-x")]
    [InlineData("qb-1a2b3c-0-")]
    [InlineData("qb-1a2b3c-0\n")]
    [InlineData("my-qb-1a2b3c-0")]
    public void A_similar_name_is_not_ours(string id) => SessionNames.TryParse(id, out _, out _).Should().BeFalse();

    [Theory]
    [InlineData("disk.qcow2")]
    [InlineData("qbackup-1a2b3c.qcow2")]
    [InlineData("qbackup-1a2b3c-0.qcow2.bak")]
    [InlineData("..")]
    public void Other_files_are_not_ours(string name) => SessionNames.IsOurFile(name).Should().BeFalse();
}
