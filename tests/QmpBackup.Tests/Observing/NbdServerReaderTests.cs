using QmpBackup.Observing;

namespace QmpBackup.Tests.Observing;

/// <summary>Where a storage daemon's NBD server listens, by its command line.</summary>
public sealed class NbdServerReaderTests
{
    [Theory]
    [InlineData("addr.type=unix,addr.path=/run/a,,b", "unix:/run/a,b", false)]
    [InlineData("addr.type=inet,addr.host=10.0.0.1,addr.port=10809,tls-creds=t", "tcp:10.0.0.1:10809", true)]
    [InlineData("addr.type=inet,addr.host=0.0.0.0,addr.port=10809", "tcp:127.0.0.1:10809", false)]
    [InlineData("""{"addr":{"type":"unix","path":"/run/a"},"tls-creds":"t"}""", "unix:/run/a", true)]
    [InlineData("""{"addr":{"type":"inet","host":"h","port":"1"}}""", "tcp:h:1", false)]
    [InlineData("addr.type=unix,addr.path=relative", null, false)]
    [InlineData("addr.type=fd,addr.str=3", null, false)]
    [InlineData("addr.type=inet,addr.host=h,addr.port=service", null, false)]
    [InlineData("{", null, false)]
    public void The_address_is_read_in_every_form(string value, string? address, bool tls)
    {
        foreach (var arguments in new string[][] { ["qemu-storage-daemon", "--nbd-server", value, ""], ["qemu-storage-daemon", "--nbd-server=" + value] })
        {
            var server = NbdServerReader.Parse(arguments);
            (server?.Address.ToString(), server?.Tls ?? false).Should().Be((address, tls));
        }
    }

    [Fact]
    public void Without_the_option_there_is_no_server() => NbdServerReader.Parse(["qemu-storage-daemon", "--nbd-server"]).Should().BeNull();
}
