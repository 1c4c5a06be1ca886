using QmpBackup.Nbd.Protocol;
using QmpBackup.Nbd.Tests.Fakes;
using static QmpBackup.Nbd.Tests.Fakes.FakeSession;

namespace QmpBackup.Nbd.Tests.Hostile;

/// <summary>Every handshake, with any bytes from the server, ends with a client or with an exception of this library.</summary>
public sealed class MutatedHandshakeTests
{
    private const int Rounds = 2000;

    private static readonly NbdClientOptions Options = new() { MetaContexts = ["base:allocation"] };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = 60_000)]
    public async Task Handshake_with_a_few_wrong_bytes_ends()
    {
        var correct = await CorrectAsync();
        await using (var client = await NbdClient.ConnectStreamAsync(new ScriptedStream(correct), "", Options, Token))
            client.Export.Size.Should().Be(1 << 20);
        var random = new Random(20261125);
        for (var round = 0; round < Rounds; round++)
        {
            var sent = Mutated(correct, random);

            var failure = await Record.ExceptionAsync(async () =>
            {
                await using var client = await NbdClient.ConnectStreamAsync(
                    new ScriptedStream(sent), "", Options, TestContext.Current.CancellationToken);
                _ = client.Export.ToString();
            });

            if (failure is not null)
                failure.Should().BeAssignableTo<NbdException>($"this was sent in round {round}: {Convert.ToHexString(sent)}");
        }
    }

    private static byte[] Mutated(byte[] correct, Random random)
    {
        List<byte> bytes = [.. correct];
        for (var left = random.Next(1, 4); left > 0; left--)
        {
            // The first 18 bytes are the greeting of an NBD server.
            var at = random.Next(18, bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 6), bytes.Count - at));
                    break;
                default:
                    bytes.InsertRange(at, bytes[at..Math.Min(at + random.Next(1, 30), bytes.Count)]);
                    break;
            }
        }

        return [.. bytes];
    }

    private static async Task<byte[]> CorrectAsync()
    {
        using var sent = new MemoryStream();
        var session = new FakeSession(sent, Token);
        await session.SendAsync(U64(NbdConstants.InitMagic), U64(NbdConstants.OptionMagic), U16(3));
        await session.ReplyAsync(NbdConstants.OptExtendedHeaders, NbdConstants.RepAck);
        await session.ReplyAsync(NbdConstants.OptSetMetaContext, NbdConstants.RepMetaContext, U32(100), Utf8("base:allocation"));
        await session.ReplyAsync(NbdConstants.OptSetMetaContext, NbdConstants.RepAck);
        await session.ReplyAsync(NbdConstants.OptGo, NbdConstants.RepInfo, U16(NbdConstants.InfoExport), U64(1 << 20),
            U16((ushort)NbdTransmissionFlags.HasFlags));
        await session.ReplyAsync(
            NbdConstants.OptGo, NbdConstants.RepInfo, U16(NbdConstants.InfoBlockSize), U32(1), U32(4096), U32(1 << 20));
        await session.ReplyAsync(NbdConstants.OptGo, NbdConstants.RepAck);
        return sent.ToArray();
    }

    /// <summary>Sends its script without regard to what it receives, and ends.</summary>
    private sealed class ScriptedStream(byte[] script) : MemoryStream(script, writable: false)
    {
        public override bool CanWrite => true;

        public override void Write(byte[] buffer, int offset, int count)
        {
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => default;
    }
}
