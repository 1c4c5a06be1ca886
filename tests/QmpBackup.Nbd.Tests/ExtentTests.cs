using CsCheck;
using QmpBackup.Nbd.Tests.Fakes;

namespace QmpBackup.Nbd.Tests;

public sealed class ExtentTests
{
    private const int Size = 1 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = 30_000)]
    public async Task Extents_end_where_any_context_changes()
    {
        await using var server = Server(NbdReplyMode.Structured, 0, async (session, r) =>
        {
            await session.StatusAsync(r, 101, false, (4096, 1), (Size - 4096, 0));
            await session.StatusAsync(r, 100, true, (8192, 0), (Size - 8192, 3));
        });
        await using var client = await ConnectAsync(server);

        var extents = await client.EnumerateExtentsAsync(0, Size, Token).ToListAsync(Token);

        var (allocation, dirty) = (client.FindMetaContext("base:allocation")!, client.FindMetaContext("qemu:dirty-bitmap:b")!);
        extents.Select(e => (e.Offset, e.Length, e[allocation], e[dirty])).Should().Equal(
            (0, 4096, 0, NbdMetaContext.StateDirty),
            (4096, 4096, 0, 0),
            (8192, Size - 8192, NbdMetaContext.StateHole | NbdMetaContext.StateZero, 0));
    }

    [Fact(Timeout = 30_000)]
    public async Task Block_status_returns_the_descriptors_of_one_request()
    {
        await using var server = Server(NbdReplyMode.Extended, 0, async (session, r) =>
        {
            await session.StatusAsync(r, 100, false, (512, 0), (Size, 1UL << 40));
            await session.StatusAsync(r, 101, true, (1024, 0));
        });
        await using var client = await ConnectAsync(server);

        var status = await client.BlockStatusAsync(512, 1024, cancellationToken: Token);

        status.Offset.Should().Be(512);
        status[client.MetaContexts[0]].Should().Equal(new NbdStatusDescriptor(512, 0), new NbdStatusDescriptor(Size - 1024, 1UL << 40));
        status[client.MetaContexts[1]].Should().Equal(new NbdStatusDescriptor(1024, 0));
    }

    [Fact(Timeout = 30_000)]
    public async Task Wildcard_requests_every_context_that_the_server_lists()
    {
        var export = new FakeExport { Listed = ["qemu:dirty-bitmap:a", "qemu:dirty-bitmap:"], Contexts = ["qemu:dirty-bitmap:a"] };
        await using var server = FakeNbdServer.After(export, session => session.IsClosedByClientAsync());

        await using var client = await NbdClient.ConnectAsync(
            server.Uri, new NbdClientOptions { MetaContexts = ["qemu:dirty-bitmap:"] }, Token);

        client.MetaContexts.Select(context => context.Name).Should().Equal("qemu:dirty-bitmap:a");
        client.FindMetaContext("base:allocation").Should().BeNull();
    }

    [Fact(Timeout = 30_000)]
    public async Task Connection_stays_usable_after_an_incomplete_enumeration()
    {
        await using var server = Server(NbdReplyMode.Structured, 0, async (session, r) =>
        {
            await session.StatusAsync(r, 100, false, (512, 0));
            await session.StatusAsync(r, 101, true, (512, 0));
        });
        await using var client = await ConnectAsync(server);

        for (var i = 0; i < 3; i++)
            (await client.EnumerateExtentsAsync(0, Size, Token).FirstAsync(Token)).Length.Should().Be(512);
    }

    [Fact(Timeout = 30_000)]
    public async Task Error_in_the_middle_of_the_map_ends_the_enumeration()
    {
        await using var server = Server(NbdReplyMode.Structured, 0, async (session, r) =>
        {
            if (r.Offset != 0)
            {
                await session.ErrorAsync(r, NbdError.EIO, "no map");
                return;
            }

            await session.StatusAsync(r, 100, false, (512, 0));
            await session.StatusAsync(r, 101, true, (512, 0));
        });
        await using var client = await ConnectAsync(server);
        var seen = new List<NbdExtent>();

        await FluentActions.Awaiting(async () =>
        {
            await foreach (var extent in client.EnumerateExtentsAsync(0, Size, Token))
                seen.Add(extent);
        }).Should().ThrowAsync<NbdCommandException>().WithMessage("*no map*");
        seen.Should().ContainSingle();
    }

    [Theory(Timeout = 120_000)]
    [InlineData(NbdReplyMode.Structured)]
    [InlineData(NbdReplyMode.Extended)]
    public async Task Extents_equal_the_map_however_the_server_splits_its_replies(NbdReplyMode mode)
    {
        var map = new ulong[2][];
        var random = new Random(1);
        await using var server = Server(mode, 512, async (session, r) =>
        {
            for (var context = 0u; context < 2; context++)
            {
                var extents = new List<(ulong, ulong)>();
                var position = r.Offset;
                while (position < r.Offset + r.Length && (extents.Count == 0 || random.Next(20) != 0))
                {
                    var flags = map[context][position / 512];
                    var end = position + 512;
                    while (end < Size && map[context][end / 512] == flags && random.Next(10) != 0)
                        end += 512;
                    // Sometimes the last extent goes past the end of the export.
                    extents.Add((end == Size && random.Next(2) == 0 ? 4096 + end - position : end - position, flags));
                    position = end;
                }

                await session.StatusAsync(r, 100 + context, context == 1, [.. extents]);
            }
        });
        await using var client = await ConnectAsync(server, new NbdClientOptions { MaxExtentsPerReply = 16 });

        await Gen.Select(Gen.ULong[0, 2].Array[2048], Gen.ULong[0, 1].Array[2048], Gen.Int[0, 2047], Gen.Int[1, 8]).SampleAsync(
            async (first, second, start, run) =>
            {
                map[0] = [.. Enumerable.Range(0, 2048).Select(i => first[i / run])];
                map[1] = [.. Enumerable.Range(0, 2048).Select(i => second[i / (9 - run)])];
                var position = (long)start * 512;
                await foreach (var extent in client.EnumerateExtentsAsync(position, Size - position, Token))
                {
                    extent.Offset.Should().Be(position);
                    for (; position < extent.End; position += 512)
                        (extent.Flags[0], extent.Flags[1]).Should().Be((map[0][position / 512], map[1][position / 512]));
                }

                position.Should().Be(Size);
            },
            iter: 20, threads: 1);
    }

    private static Task<NbdClient> ConnectAsync(FakeNbdServer server, NbdClientOptions? options = null) => NbdClient.ConnectAsync(
        server.Uri, (options ?? new NbdClientOptions()) with { MetaContexts = ["base:allocation", "qemu:dirty-bitmap:b"] }, Token);

    private static FakeNbdServer Server(NbdReplyMode mode, uint block, Func<FakeSession, FakeRequest, Task> answer)
    {
        var export = new FakeExport
        {
            Size = Size,
            Mode = mode,
            Contexts = ["base:allocation", "qemu:dirty-bitmap:b"],
            Blocks = block == 0 ? null : (block, 4096, 1 << 20),
        };
        return FakeNbdServer.After(export, async session =>
        {
            while (true)
            {
                var request = await session.ReadRequestAsync();
                if (request.Command == NbdCommand.Disconnect)
                    return;
                await answer(session, request);
            }
        });
    }
}
