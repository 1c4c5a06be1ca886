namespace QmpBackup.Nbd.Tests;

public sealed class NbdUriTests
{
    [Theory]
    [InlineData("nbd://example.com/disk", "example.com", 10809, "disk")]
    [InlineData("nbd://example.com/", "example.com", 10809, "")]
    [InlineData("nbd://example.com", "example.com", 10809, "")]
    [InlineData("nbd://example.com//disk", "example.com", 10809, "/disk")]
    [InlineData("nbd://example.com/a/../b", "example.com", 10809, "a/../b")]
    [InlineData("nbd://example.com/hello%20world", "example.com", 10809, "hello world")]
    [InlineData("NBD://example.com:1/%C3%A4%23", "example.com", 1, "ä#")]
    [InlineData("nbd://example.com:/x", "example.com", 10809, "x")]
    [InlineData("nbd:///x", "localhost", 10809, "x")]
    [InlineData("nbd://[::1]:65535/x", "::1", 65535, "x")]
    [InlineData("nbd://[fe80::1%25eth0]/x", "fe80::1%eth0", 10809, "x")]
    [InlineData("nbd://user@10.0.0.1/x?x-whatever=1", "10.0.0.1", 10809, "x")]
    [InlineData("nbd://h/a+b", "h", 10809, "a+b")]
    public void Tcp_uri_is_parsed(string text, string host, int port, string export)
    {
        var uri = NbdUri.Parse(text);

        uri.Endpoint.Should().Be(NbdEndpoint.Tcp(host, port));
        uri.ExportName.Should().Be(export);
        uri.RequiresTls.Should().BeFalse();
        NbdUri.Parse(uri.ToString()).Should().Be(uri);
    }

    [Theory]
    [InlineData("nbd+unix:///disk?socket=sock", "sock", "disk", false)]
    [InlineData("nbd+unix://?socket=/run/a%20b", "/run/a b", "", false)]
    [InlineData("nbds+unix:///d?socket=/s&tls-hostname=h", "/s", "d", true)]
    [InlineData("nbd+unix:///?socket=%00/abstract", "\0/abstract", "", false)]
    [InlineData("nbd+unix:////disk?socket=/a?b", "/a?b", "/disk", false)]
    public void Unix_uri_is_parsed(string text, string socket, string export, bool tls)
    {
        var uri = NbdUri.Parse(text);

        uri.Endpoint.Should().Be(NbdEndpoint.Unix(socket));
        uri.ExportName.Should().Be(export);
        uri.RequiresTls.Should().Be(tls);
        NbdUri.Parse(uri.ToString()).Should().Be(uri);
    }

    [Fact]
    public void Tls_parameters_are_parsed()
    {
        var uri = NbdUri.Parse("nbds://alice@h/x?tls-type=psk&tls-hostname=n&tls-verify-peer=0&tls-certificates=/etc/pki%2Fnbd");

        uri.Should().BeEquivalentTo(new NbdUri(NbdEndpoint.Tcp("h"), "x")
        {
            RequiresTls = true,
            UserName = "alice",
            TlsType = "psk",
            TlsHostname = "n",
            TlsVerifyPeer = false,
            TlsCertificates = "/etc/pki/nbd",
        });
        NbdUri.Parse(uri.ToString()).Should().Be(uri);
    }

    [Theory]
    [InlineData("", "scheme")]
    [InlineData("disk", "scheme")]
    [InlineData("http://h/x", "scheme")]
    [InlineData("nbd+vsock://1/x", "scheme")]
    [InlineData("nbd:unix:/path", "//")]
    [InlineData("nbd:/h/x", "//")]
    [InlineData("nbd://h/x#y", "fragment")]
    [InlineData("nbd://h/x y", "U+0020")]
    [InlineData("nbd://h/ä", "U+00E4")]
    [InlineData("nbd://h/%", "hexadecimal")]
    [InlineData("nbd://h/%4", "hexadecimal")]
    [InlineData("nbd://h/%zz", "hexadecimal")]
    [InlineData("nbd://h/%+1", "hexadecimal")]
    [InlineData("nbd://h/%ff", "UTF-8")]
    [InlineData("nbd://h/a%00b", "NUL")]
    [InlineData("nbd://h:0/x", "port")]
    [InlineData("nbd://h:65536/x", "port")]
    [InlineData("nbd://h:+1/x", "port")]
    [InlineData("nbd://h:1:2/x", "port")]
    [InlineData("nbd://[::1/x", "bracket")]
    [InlineData("nbd://[127.0.0.1]/x", "IPv6")]
    [InlineData("nbd://[::1]x/y", "PORT")]
    [InlineData("nbd://h/x?socket=/s", "socket")]
    [InlineData("nbd+unix:///x", "socket")]
    [InlineData("nbd+unix:///x?socket=", "socket")]
    [InlineData("nbd+unix://h/x?socket=/s", "no host")]
    [InlineData("nbd+unix:///x?socket=/s&socket=/t", "twice")]
    [InlineData("nbd://h/x?colour=red", "not known")]
    [InlineData("nbd://h/x?tls-verify-peer=yes", "0, 1")]
    [InlineData("nbd://h/x?tls-type=md5", "x509")]
    public void Invalid_uri_fails_with_the_reason(string text, string reason)
    {
        NbdUri.TryParse(text, out var uri).Should().BeFalse();
        uri.Should().BeNull();
        FluentActions.Invoking(() => NbdUri.Parse(text)).Should().Throw<FormatException>().WithMessage($"*{reason}*");
    }

    [Fact]
    public void Export_name_of_more_than_4096_bytes_fails() =>
        NbdUri.TryParse("nbd://h/" + new string('x', 4097), out _).Should().BeFalse();

    [Fact]
    public void Text_of_a_uri_has_the_port_and_escapes_the_export_name()
    {
        new NbdUri(NbdEndpoint.Tcp("h"), "a/b ä").ToString().Should().Be("nbd://h:10809/a%2Fb%20%C3%A4");
        new NbdUri(NbdEndpoint.Tcp("::1", 1), "x") { RequiresTls = true }.ToString().Should().Be("nbds://[::1]:1/x");
        new NbdUri(NbdEndpoint.Unix("/run/a b"), "a/b").ToString().Should().Be("nbd+unix:///a%2Fb?socket=/run/a%20b");
    }

    [Theory]
    [InlineData("unix:/run/a b", "/run/a b", null, 0, "unix:/run/a b")]
    [InlineData("/run/s", "/run/s", null, 0, "unix:/run/s")]
    [InlineData("tcp:h:1", null, "h", 1, "tcp:h:1")]
    [InlineData("tcp:[::1]:65535", null, "::1", 65535, "tcp:[::1]:65535")]
    [InlineData("tcp:[fe80::1%eth0]:10809", null, "fe80::1%eth0", 10809, "tcp:[fe80::1%eth0]:10809")]
    public void Address_is_parsed(string text, string? path, string? host, int port, string back)
    {
        NbdEndpoint.TryParse(text, out var endpoint).Should().BeTrue();

        endpoint.Should().Be(path is not null ? NbdEndpoint.Unix(path) : NbdEndpoint.Tcp(host!, port));
        endpoint!.ToString().Should().Be(back);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("unix:")]
    [InlineData("run/s")]
    [InlineData("tcp:h")]
    [InlineData("tcp::1")]
    [InlineData("tcp:[]:1")]
    [InlineData("tcp:h:0")]
    [InlineData("tcp:h:65536")]
    [InlineData("tcp:h:+1")]
    [InlineData("nbd://h/x")]
    public void Invalid_address_is_not_parsed(string? text)
    {
        NbdEndpoint.TryParse(text, out var endpoint).Should().BeFalse();
        endpoint.Should().BeNull();
    }
}
