namespace QmpBackup.Qmp.Tests;

public sealed class QmpEndpointTests
{
    [Theory]
    [InlineData("unix:/run/vm.sock", "unix:/run/vm.sock")]
    [InlineData("/run/vm.sock", "unix:/run/vm.sock")]
    [InlineData("unix:vm.sock", "unix:vm.sock")]
    [InlineData("unix:/a b,c:d", "unix:/a b,c:d")]
    [InlineData("tcp:localhost:4444", "tcp:localhost:4444")]
    [InlineData("tcp:127.0.0.1:1", "tcp:127.0.0.1:1")]
    [InlineData("tcp:[::1]:65535", "tcp:[::1]:65535")]
    [InlineData("tcp:[fe80::1%eth0]:4444", "tcp:[fe80::1%eth0]:4444")]
    public void Text_forms_are_parsed_and_have_one_canonical_form(string text, string canonical)
    {
        QmpEndpoint.TryParse(text, out var endpoint, out var error).Should().BeTrue(error);
        endpoint!.ToString().Should().Be(canonical);
        QmpEndpoint.Parse(canonical).Should().Be(endpoint);
    }

    [Theory]
    [InlineData(null, "empty")]
    [InlineData("", "empty")]
    [InlineData("vm.sock", "unix:/path")]
    [InlineData("http://x", "not a valid endpoint")]
    [InlineData("unix:", "empty")]
    [InlineData("unix:/a\0b", "NUL")]
    [InlineData("tcp:host", "no port")]
    [InlineData("tcp:[::1]", "no port")]
    [InlineData("tcp:::1:4444", "brackets")]
    [InlineData("tcp:host:0", "out of range")]
    [InlineData("tcp:host:65536", "out of range")]
    [InlineData("tcp:host:+1", "not a port number")]
    [InlineData("tcp::4444", "host is empty")]
    [InlineData("tcp:ho st:4444", "not a valid host name")]
    [InlineData("\u001b[2Jx", "\\u001b[2Jx")]
    public void Invalid_endpoints_are_refused_with_a_reason(string? text, string reason)
    {
        QmpEndpoint.TryParse(text, out var endpoint, out var error).Should().BeFalse();
        endpoint.Should().BeNull();
        error.Should().Contain(reason);
        if (text is not null)
        {
            Action parse = () => QmpEndpoint.Parse(text);
            parse.Should().Throw<FormatException>().WithMessage(error!);
        }
    }

    [Fact]
    public void A_unix_path_has_at_most_107_bytes()
    {
        QmpEndpoint.TryParse("/" + new string('a', 106), out _, out _).Should().BeTrue();
        QmpEndpoint.TryParse("/" + new string('a', 107), out _, out var error).Should().BeFalse();
        error.Should().Contain("108 bytes long; the operating system allows 107");
        QmpEndpoint.TryParse("/" + new string('ü', 53), out _, out _).Should().BeTrue("107 bytes of UTF-8");
        QmpEndpoint.TryParse("/" + new string('ü', 54), out _, out _).Should().BeFalse();

        Action make = () => _ = new UnixEndpoint(new string('a', 108));
        make.Should().Throw<ArgumentException>();
        Action alter = () => _ = new UnixEndpoint("a") with { Path = string.Empty };
        alter.Should().Throw<ArgumentException>();
    }
}
