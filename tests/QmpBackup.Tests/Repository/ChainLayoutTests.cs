using QmpBackup.Repository;

namespace QmpBackup.Tests.Repository;

public sealed class ChainLayoutTests
{
    private const string Id = "20261125T034712Z-1a2b3c";

    [Theory]
    [InlineData(Id + ".json", Id)]
    [InlineData(Id + ".qcow2", Id)]
    [InlineData(Id + ".json.x1y2.tmp", Id)]
    [InlineData(Id, null)]
    [InlineData(".lock", null)]
    [InlineData("notes.json", null)]
    [InlineData("20261125T034712Z-1a2b3.json", null)]
    public void A_file_belongs_to_the_point_that_it_is_named_after(string name, string? point) =>
        (ChainLayout.PointOf(name)?.Value).Should().Be(point);

    [Theory]
    [InlineData("vda/" + Id + ".qcow2", "vda")]
    [InlineData("vdb/" + Id + ".qcow2", null)]
    [InlineData("/" + Id + ".qcow2", null)]
    [InlineData("../" + Id + ".qcow2", null)]
    [InlineData(Id + ".qcow2", null)]
    [InlineData("vda/x/../" + Id + ".qcow2", null)]
    [InlineData("vda/" + Id + ".hashes", null)]
    [InlineData("vda/20261125T034712Z-1a2b3d.qcow2", null)]
    [InlineData("vda/" + Id + ".qcow2\0", null)]
    public void A_disk_only_names_a_file_in_its_own_folder(string path, string? folder) =>
        ChainLayout.FolderIn(path, "vda", CheckpointId.Parse(Id), ChainLayout.ImageSuffix).Should().Be(folder);
}
