namespace QmpBackup.Tests.Model;

public sealed class SessionNamesTests
{
    private static readonly SessionNames Names = new("1a2b3c");

    [Fact]
    public void Node_names_fit_into_what_QEMU_allows()
    {
        const int MaxNodeName = 31;
        foreach (var name in new[] { Names.Overlay(9999), Names.OverlayFile(9999), Names.Filter(9999), Names.Access(9999) })
            name.Length.Should().BeLessThanOrEqualTo(MaxNodeName);
    }

    [Fact]
    public void All_names_are_recognised_as_ours()
    {
        foreach (var id in new[] { Names.Job(7), Names.Export(7), Names.Overlay(7), Names.Filter(7), Names.Access(7), Names.CreateFileJob(7), Names.FormatJob(7), Names.EmptyJob(7) })
        {
            SessionNames.TryParse(id, out var tag, out var disk).Should().BeTrue(id);
            (tag, disk).Should().Be(("1a2b3c", 7));
        }

        SessionNames.IsOurFile(Names.ScratchFile(3)).Should().BeTrue();
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
