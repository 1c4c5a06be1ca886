using QmpBackup.Repository;

namespace QmpBackup.Tests.Repository;

public sealed class SafeNameTests
{
    [Theory]
    [InlineData("vda", "vda")]
    [InlineData("My.Disk_1+2-3", "My.Disk_1+2-3")]
    [InlineData("", "%")]
    [InlineData("..", "%2E.")]
    [InlineData(".lock", "%2Elock")]
    [InlineData("-rf", "%2Drf")]
    [InlineData("a/b", "a%2Fb")]
    [InlineData("a%2Fb", "a%252Fb")]
    [InlineData("a~b:c,d\n", "a%7Eb%3Ac%2Cd%0A")]
    [InlineData("ä", "%C3%A4")]
    [InlineData("20261125T034712Z-1a2b3c.json", "%320261125T034712Z-1a2b3c.json")]
    [InlineData("20261125T034712Z-1a2b3c", "%320261125T034712Z-1a2b3c")]
    [InlineData("20261125T034712Z-1a2b3d-web", "20261125T034712Z-1a2b3d-web")]
    public void Names_become_file_names(string name, string expected) => SafeName.Of(name).Should().Be(expected);

    [Fact]
    public void Long_names_are_cut_and_stay_different()
    {
        var one = SafeName.Of(new string('x', 5000) + "1");
        var two = SafeName.Of(new string('x', 5000) + "2");
        one.Should().NotBe(two);
        one.Length.Should().BeLessThanOrEqualTo(120);
        SafeName.Of(new string('/', 60)).Length.Should().BeLessThanOrEqualTo(120);
    }

    [Theory]
    [InlineData("vda", "vda", true)]
    [InlineData("vda", "vdb", false)]
    [InlineData("vda", "Vda", false)]
    [InlineData("..", "..", false)]
    [InlineData("a/b", "a/b", false)]
    [InlineData("a/b", "a%2Fb", true)]
    public void A_file_name_is_recognised_as_that_of_a_name(string name, string fileName, bool expected) =>
        SafeName.Is(fileName, name).Should().Be(expected);

    [Fact]
    public void Different_names_get_different_files_even_if_they_look_the_same()
    {
        string[] names = ["vda", "Vda", "VDA", "vd%61", "vda~", new('v', 300), new('v', 301), new('V', 300), "a/b", "a%2Fb", "20261125T034712Z-1a2b3c.json", "%320261125T034712Z-1a2b3c.json"];
        List<string> taken = [];
        foreach (var name in names)
            taken.Add(SafeName.Of(name, taken));
        taken.Should().OnlyHaveUniqueItems(f => f.ToUpperInvariant());
        foreach (var (name, i) in names.Select((n, i) => (n, i)))
        {
            for (var other = 0; other < names.Length; other++)
                SafeName.Is(taken[other], name).Should().Be(other == i, "{0} for {1}", taken[other], name);
        }
    }

    [Fact]
    public void Names_that_differ_only_in_case_get_different_files()
    {
        SafeName.Of("Web", ["web"]).Should().NotBeEquivalentTo("web");
        SafeName.Of("Web", ["Web", "other"]).Should().Be("Web");
    }
}
