using QmpBackup.Repositories;

namespace QmpBackup.Tests.Repositories;

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

    [Fact]
    public void Names_that_differ_by_case_only_get_different_files()
    {
        SafeName.Of("Web", ["web"]).Should().NotBeEquivalentTo("web");
        SafeName.Of("Web", ["Web", "other"]).Should().Be("Web");
    }
}
