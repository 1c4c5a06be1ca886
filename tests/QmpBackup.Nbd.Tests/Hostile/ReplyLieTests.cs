using QmpBackup.Nbd.Protocol;
using QmpBackup.Nbd.Tests.Fakes;
using static QmpBackup.Nbd.Tests.Fakes.FakeSession;

namespace QmpBackup.Nbd.Tests.Hostile;

/// <summary>Every lie in the reply to a read of 4096 bytes at 8192, or to a block status of that range.</summary>
public sealed class ReplyLieTests
{
    private const int Offset = 8192;
    private const int Length = 4096;

    private static readonly byte[] Data = new byte[Length];

    private static readonly Dictionary<string, (NbdReplyMode Mode, Func<FakeSession, FakeRequest, Task> Answer)> ReadLies = new()
    {
        ["magic"] = (NbdReplyMode.Structured, (s, _) => s.SendAsync(new byte[20])),
        ["request magic"] = (NbdReplyMode.Structured, (s, r) => s.SendAsync(U32(NbdConstants.RequestMagic), U32(0), U64(r.Cookie), U32(0))),
        ["structured reply without negotiation"] = (NbdReplyMode.Simple, (s, r) => s.DataAsync(r, Offset, Data, true)),
        ["simple reply to a structured read"] = (NbdReplyMode.Structured, (s, r) => s.SimpleAsync(r, 0, Data)),
        ["simple error to a structured read"] = (NbdReplyMode.Structured, (s, r) => s.SimpleAsync(r, 5)),
        ["structured reply in extended mode"] = (NbdReplyMode.Extended, (s, r) =>
            s.SendAsync(U32(NbdConstants.StructuredReplyMagic), U16(1), U16(1), U64(r.Cookie), U32(Length + 8), U64(Offset), Data)),
        ["extended reply in structured mode"] = (NbdReplyMode.Structured, (s, r) =>
            s.SendAsync(U32(NbdConstants.ExtendedReplyMagic), U16(1), U16(0), U64(r.Cookie), U64(Offset), U64(0))),
        ["unknown cookie"] = (NbdReplyMode.Structured, (s, r) => s.DataAsync(r with { Cookie = r.Cookie + (1 << 16) }, Offset, Data, true)),
        ["cookie of a free slot"] = (NbdReplyMode.Structured, (s, r) => s.DataAsync(r with { Cookie = r.Cookie + 1 }, Offset, Data, true)),
        ["cookie beyond all slots"] = (NbdReplyMode.Structured, (s, r) => s.DataAsync(r with { Cookie = 0xffff }, Offset, Data, true)),
        ["simple reply of an unknown cookie"] = (NbdReplyMode.Simple, (s, r) => s.SimpleAsync(r with { Cookie = 0 }, 0, Data)),
        ["chunk before the request"] = (NbdReplyMode.Structured, (s, r) => s.DataAsync(r, Offset - 1, Data, true)),
        ["chunk after the request"] = (NbdReplyMode.Structured, (s, r) => s.DataAsync(r, Offset + 1, Data, true)),
        ["chunk far away"] = (NbdReplyMode.Structured, (s, r) => s.DataAsync(r, ulong.MaxValue - 10, Data, true)),
        ["chunk too long"] = (NbdReplyMode.Structured, (s, r) => s.DataAsync(r, Offset, new byte[Length + 1], true)),
        ["chunk of 4 GiB"] = (
            NbdReplyMode.Structured, (s, r) => s.ChunkHeaderAsync(r, NbdConstants.ReplyOffsetData, true, uint.MaxValue, U64(Offset))),
        ["chunk of 2^64 bytes"] = (
            NbdReplyMode.Extended, (s, r) => s.ChunkHeaderAsync(r, NbdConstants.ReplyOffsetData, true, ulong.MaxValue, U64(Offset))),
        ["chunk without data"] = (NbdReplyMode.Structured, (s, r) => s.DataAsync(r, Offset, [])),
        ["chunk shorter than its offset"] = (
            NbdReplyMode.Structured, (s, r) => s.ChunkAsync(r, NbdConstants.ReplyOffsetData, true, U32(0))),
        ["duplicate chunk"] = (NbdReplyMode.Structured, async (s, r) =>
        {
            await s.DataAsync(r, Offset, new byte[512]);
            await s.DataAsync(r, Offset, new byte[512]);
        }
        ),
        ["overlapping chunks"] = (NbdReplyMode.Structured, async (s, r) =>
        {
            await s.DataAsync(r, Offset + 1024, new byte[512]);
            await s.DataAsync(r, Offset, new byte[1025]);
        }
        ),
        ["hole over data"] = (NbdReplyMode.Structured, async (s, r) =>
        {
            await s.DataAsync(r, Offset, Data);
            await s.HoleAsync(r, Offset + 4095, 1);
        }
        ),
        ["missing chunk"] = (NbdReplyMode.Structured, (s, r) => s.DataAsync(r, Offset, new byte[Length - 1], true)),
        ["gap between chunks"] = (NbdReplyMode.Structured, async (s, r) =>
        {
            await s.DataAsync(r, Offset, new byte[512]);
            await s.DataAsync(r, Offset + 1024, new byte[3072], true);
        }
        ),
        ["nothing at all"] = (NbdReplyMode.Structured, (s, r) => s.DoneAsync(r)),
        ["empty hole"] = (NbdReplyMode.Structured, (s, r) => s.HoleAsync(r, Offset, 0)),
        ["hole outside"] = (NbdReplyMode.Structured, (s, r) => s.HoleAsync(r, Offset, Length + 1)),
        ["hole of another length"] = (
            NbdReplyMode.Structured, (s, r) => s.ChunkAsync(r, NbdConstants.ReplyOffsetHole, true, U64(Offset), U64(1))),
        ["end with payload"] = (NbdReplyMode.Structured, (s, r) => s.ChunkAsync(r, NbdConstants.ReplyNone, true, U32(0))),
        ["last chunk without the done flag"] = (NbdReplyMode.Structured, (s, r) => s.ChunkAsync(r, NbdConstants.ReplyNone, false)),
        ["unknown type"] = (NbdReplyMode.Structured, (s, r) => s.ChunkAsync(r, 99, true)),
        ["block status to a read"] = (NbdReplyMode.Structured, (s, r) => s.StatusAsync(r, 100, true, (Length, 0))),
        ["error without error"] = (NbdReplyMode.Structured, (s, r) => s.ErrorAsync(r, NbdError.None, "")),
        ["error too short"] = (NbdReplyMode.Structured, (s, r) => s.ChunkAsync(r, NbdConstants.ReplyError, true, U32(5))),
        ["error text too long"] = (NbdReplyMode.Structured, (s, r) => s.ChunkAsync(r, NbdConstants.ReplyError, true, U32(5), U16(2), [1])),
        ["error of 4 GiB"] = (
            NbdReplyMode.Structured, (s, r) => s.ChunkHeaderAsync(r, NbdConstants.ReplyError, true, uint.MaxValue, U32(5))),
        ["error outside the request"] = (
            NbdReplyMode.Structured, (s, r) => s.ChunkAsync(r, NbdConstants.ReplyErrorOffset, true, U32(5), U16(0), U64(Offset - 1))),
        ["error text that overlaps the offset"] = (
            NbdReplyMode.Structured, (s, r) => s.ChunkAsync(r, NbdConstants.ReplyErrorOffset, true, U32(5), U16(8), U64(Offset))),
        ["errors without end"] = (NbdReplyMode.Structured, async (s, r) =>
        {
            while (true)
                await s.ErrorAsync(r, NbdError.EIO, "", done: false);
        }
        ),
        ["wrong offset in an extended reply"] = (
            NbdReplyMode.Extended, (s, r) => s.ChunkHeaderAsync(r, NbdConstants.ReplyNone, true, 0, [], offset: 1)),
    };

    private static readonly Dictionary<string, (NbdReplyMode Mode, Func<FakeSession, FakeRequest, Task> Answer)> StatusLies = new()
    {
        ["unknown context"] = (NbdReplyMode.Structured, (s, r) => s.StatusAsync(r, 7, true, (Length, 0))),
        ["context twice"] = (NbdReplyMode.Structured, async (s, r) =>
        {
            await s.StatusAsync(r, 100, false, (Length, 0));
            await s.StatusAsync(r, 100, true, (Length, 0));
        }
        ),
        ["missing context"] = (NbdReplyMode.Structured, (s, r) => s.StatusAsync(r, 100, true, (Length, 0))),
        ["no extents"] = (NbdReplyMode.Structured, (s, r) => s.StatusAsync(r, 100, true)),
        ["empty extent"] = (NbdReplyMode.Structured, (s, r) => s.StatusAsync(r, 100, true, (0, 0))),
        ["extent after the request"] = (NbdReplyMode.Structured, (s, r) => s.StatusAsync(r, 100, true, (Length, 0), (512, 1))),
        ["odd length"] = (
            NbdReplyMode.Structured, (s, r) => s.ChunkAsync(r, NbdConstants.ReplyBlockStatus, true, U32(100), U32(1), U16(1))),
        ["chunk of 4 GiB"] = (
            NbdReplyMode.Structured, (s, r) => s.ChunkHeaderAsync(r, NbdConstants.ReplyBlockStatus, true, uint.MaxValue - 3, U32(100))),
        ["narrow status in extended mode"] = (
            NbdReplyMode.Extended, (s, r) => s.ChunkAsync(r, NbdConstants.ReplyBlockStatus, true, U32(100), U32(512), U32(0))),
        ["wide status in structured mode"] = (NbdReplyMode.Structured, (s, r) =>
            s.ChunkAsync(r, NbdConstants.ReplyBlockStatusExtended, true, U32(100), U32(1), U64(512), U64(0))),
        ["wrong count"] = (NbdReplyMode.Extended,
            (s, r) => s.ChunkAsync(r, NbdConstants.ReplyBlockStatusExtended, true, U32(100), U32(2), U64(512), U64(0))),
        ["data to a block status"] = (NbdReplyMode.Structured, (s, r) => s.DataAsync(r, Offset, Data, true)),
        ["simple success"] = (NbdReplyMode.Structured, (s, r) => s.SimpleAsync(r)),
        ["simple reply after a chunk"] = (NbdReplyMode.Structured, async (s, r) =>
        {
            await s.StatusAsync(r, 100, false, (Length, 0));
            await s.SimpleAsync(r, 5);
        }
        ),
    };

    public static TheoryData<string> ReadLieNames => [.. ReadLies.Keys];

    public static TheoryData<string> StatusLieNames => [.. StatusLies.Keys];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Timeout = 30_000)]
    [MemberData(nameof(ReadLieNames))]
    public async Task Lie_in_the_reply_to_a_read_closes_the_connection(string lie)
    {
        var (mode, answer) = ReadLies[lie];
        await using var server = Server(mode, answer);
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);

        var failure = await FluentActions.Awaiting(() => client.ReadAsync(new byte[Length], Offset, cancellationToken: Token).AsTask())
            .Should().ThrowAsync<NbdProtocolException>();
        await FluentActions.Awaiting(() => client.FlushAsync(Token).AsTask())
            .Should().ThrowAsync<NbdProtocolException>().WithMessage(failure.Which.Message);
    }

    [Theory(Timeout = 30_000)]
    [MemberData(nameof(StatusLieNames))]
    public async Task Lie_in_the_reply_to_a_block_status_closes_the_connection(string lie)
    {
        var (mode, answer) = StatusLies[lie];
        await using var server = Server(mode, answer);
        await using var client = await NbdClient.ConnectAsync(
            server.Uri, new NbdClientOptions { MetaContexts = ["base:allocation", "x-a:b"] }, Token);

        await FluentActions.Awaiting(() => client.BlockStatusAsync(Offset, Length, cancellationToken: Token).AsTask())
            .Should().ThrowAsync<NbdProtocolException>();
    }

    [Fact(Timeout = 30_000)]
    public async Task Several_extents_in_the_reply_to_req_one_close_the_connection()
    {
        await using var server = Server(NbdReplyMode.Structured, (s, r) => s.StatusAsync(r, 100, false, (512, 0), (512, 1)));
        await using var client = await NbdClient.ConnectAsync(
            server.Uri, new NbdClientOptions { MetaContexts = ["base:allocation", "x-a:b"] }, Token);

        await FluentActions.Awaiting(() => client.BlockStatusAsync(Offset, Length, NbdCommandFlags.RequestOne, Token).AsTask())
            .Should().ThrowAsync<NbdProtocolException>().WithMessage("*REQ_ONE*");
    }

    [Fact(Timeout = 30_000)]
    public async Task Several_chunks_in_the_reply_to_df_close_the_connection()
    {
        await using var server = Server(NbdReplyMode.Structured, async (s, r) =>
        {
            await s.DataAsync(r, Offset, new byte[512]);
            await s.DataAsync(r, Offset + 512, new byte[Length - 512], true);
        });
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);

        await FluentActions.Awaiting(() => client.ReadAsync(new byte[Length], Offset, NbdCommandFlags.DontFragment, Token).AsTask())
            .Should().ThrowAsync<NbdProtocolException>().WithMessage("*NBD_CMD_FLAG_DF*");
    }

    [Theory(Timeout = 30_000)]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(20)]
    [InlineData(28)]
    [InlineData(100)]
    [InlineData(4123)]
    public async Task Closing_at_any_byte_fails_the_read_as_closed(int sent)
    {
        await using var server = FakeNbdServer.After(new FakeExport(), async session =>
        {
            var r = await session.ReadRequestAsync();
            byte[] whole = [.. U32(NbdConstants.StructuredReplyMagic), .. U16(1), .. U16(1), .. U64(r.Cookie), .. U32(Length + 8),
                .. U64(Offset), .. Data];
            await session.SendAsync(whole[..sent]);
        });
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);

        (await FluentActions.Awaiting(() => client.ReadAsync(new byte[Length], Offset, cancellationToken: Token).AsTask())
            .Should().ThrowAsync<NbdConnectionClosedException>()).Which.Reason.Should().Be(NbdCloseReason.ServerClosed);
    }

    private static FakeNbdServer Server(NbdReplyMode mode, Func<FakeSession, FakeRequest, Task> answer) =>
        FakeNbdServer.After(new FakeExport { Mode = mode, Contexts = ["base:allocation", "x-a:b"] }, async session =>
        {
            await answer(session, await session.ReadRequestAsync());
            await session.IsClosedByClientAsync();
        });
}
