using QmpBackup.Nbd.Protocol;
using QmpBackup.Nbd.Tests.Fakes;
using static QmpBackup.Nbd.Tests.Fakes.FakeSession;

namespace QmpBackup.Nbd.Tests;

public sealed class CommandTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Timeout = 30_000)]
    [InlineData(NbdReplyMode.Structured)]
    [InlineData(NbdReplyMode.Extended)]
    public async Task Chunks_may_arrive_in_any_order_and_mixed_with_other_replies(NbdReplyMode mode)
    {
        await using var server = FakeNbdServer.After(new FakeExport { Mode = mode }, async session =>
        {
            var first = await session.ReadRequestAsync();
            var second = await session.ReadRequestAsync();
            await session.DataAsync(second, 8, [9, 9, 9, 9]);
            await session.DataAsync(first, 6, [7, 8]);
            await session.HoleAsync(second, 12, 4);
            await session.DataAsync(first, 0, [1, 2]);
            await session.DoneAsync(second);
            await session.HoleAsync(first, 2, 4, done: true);
            await session.IsClosedByClientAsync();
        });
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);
        var (a, b) = (Filled(8), Filled(8));

        var reads = (client.ReadAsync(a, 0, cancellationToken: Token).AsTask(), client.ReadAsync(b, 8, cancellationToken: Token).AsTask());
        await Task.WhenAll(reads.Item1, reads.Item2);

        client.ReplyMode.Should().Be(mode);
        a.Should().Equal(1, 2, 0, 0, 0, 0, 7, 8);
        b.Should().Equal(9, 9, 9, 9, 0, 0, 0, 0);
    }

    [Fact(Timeout = 30_000)]
    public async Task Simple_replies_work_without_structured_replies()
    {
        await using var server = FakeNbdServer.After(new FakeExport { Mode = NbdReplyMode.Simple }, async session =>
        {
            var first = await session.ReadRequestAsync();
            var second = await session.ReadRequestAsync();
            await session.SimpleAsync(second, 5);
            await session.SimpleAsync(first, 0, 1, 2, 3, 4);
            await session.IsClosedByClientAsync();
        });
        await using var client = await NbdClient.ConnectAsync(
            server.Uri, new NbdClientOptions { MetaContexts = ["base:allocation"] }, Token);
        var buffer = new byte[4];

        var good = client.ReadAsync(buffer, 0, cancellationToken: Token).AsTask();
        var bad = client.ReadAsync(new byte[4], 4, cancellationToken: Token).AsTask();

        await good;
        buffer.Should().Equal(1, 2, 3, 4);
        (await FluentActions.Awaiting(() => bad).Should().ThrowAsync<NbdCommandException>()).Which.Error.Should().Be(NbdError.EIO);
        client.MetaContexts.Should().BeEmpty();
        FluentActions.Invoking(() => client.EnumerateExtentsAsync(0, 512, Token)).Should().Throw<NbdNotSupportedException>();
    }

    [Fact(Timeout = 30_000)]
    public async Task Error_has_its_name_its_offset_and_the_text_of_the_server()
    {
        await using var server = FakeNbdServer.After(new FakeExport(), async session =>
        {
            var r = await session.ReadRequestAsync();
            await session.DataAsync(r, 512, new byte[512]);
            await session.ChunkAsync(r, NbdConstants.ReplyErrorOffset, false, U32(5), U16(7), Utf8("bad\u0007pla"), U64(1000));
            await session.DoneAsync(r);
            r = await session.ReadRequestAsync();
            await session.ChunkAsync(r, NbdConstants.ReplyErrorBit + 77, true, U32(4711), U16(0), U32(0));
            await session.IsClosedByClientAsync();
        });
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);

        var error = (await FluentActions.Awaiting(() => client.ReadAsync(new byte[1024], 512, cancellationToken: Token).AsTask())
            .Should().ThrowAsync<NbdCommandException>()
            .WithMessage("NBD_CMD_READ at offset 512, length 1024, failing at 1000: EIO (bad\\x07pla)")).Which;
        error.Should().BeEquivalentTo(
            new { ErrorName = "EIO", Command = NbdCommand.Read, Offset = 512L, Length = 1024L, ErrorOffset = 1000L });
        (await FluentActions.Awaiting(() => client.ReadAsync(new byte[512], 0, cancellationToken: Token).AsTask())
            .Should().ThrowAsync<NbdCommandException>()).Which.ErrorName.Should().Be("errno 4711");
    }

    [Theory(Timeout = 30_000)]
    [InlineData(NbdReplyMode.Structured)]
    [InlineData(NbdReplyMode.Extended)]
    public async Task Every_command_is_sent_with_its_flags(NbdReplyMode mode)
    {
        var seen = new List<FakeRequest>();
        var disconnect = new TaskCompletionSource<FakeRequest>();
        await using var server = FakeNbdServer.After(new FakeExport { Mode = mode }, async session =>
        {
            while (seen.Count < 6)
            {
                var request = await session.ReadRequestAsync();
                seen.Add(request);
                await session.DoneAsync(request);
            }

            disconnect.SetResult(await session.ReadRequestAsync());
        });
        await using (var client = await NbdClient.ConnectAsync(server.Uri, null, Token))
        {
            await client.WriteAsync(new byte[] { 1, 2, 3 }, 5, NbdCommandFlags.Fua, Token);
            await client.WriteZeroesAsync(1, 2, NbdCommandFlags.NoHole | NbdCommandFlags.FastZero, Token);
            await client.TrimAsync(3, 4, NbdCommandFlags.Fua, Token);
            await client.CacheAsync(5, 6, Token);
            await client.FlushAsync(Token);
            await client.WriteZeroesAsync(0, 1 << 20, cancellationToken: Token);
            await client.ReadAsync(Memory<byte>.Empty, 0, cancellationToken: Token);
            await client.DisconnectAsync(Token);
        }

        seen.Add(await disconnect.Task.WaitAsync(Token));
        var payloadLength = mode == NbdReplyMode.Extended ? (NbdCommandFlags)NbdConstants.CommandFlagPayloadLength : 0;
        seen.Select(r => (r.Command, r.Flags, r.Offset, r.Length)).Should().Equal(
            (NbdCommand.Write, NbdCommandFlags.Fua | payloadLength, 5, 3),
            (NbdCommand.WriteZeroes, NbdCommandFlags.NoHole | NbdCommandFlags.FastZero, 1, 2),
            (NbdCommand.Trim, NbdCommandFlags.Fua, 3, 4),
            (NbdCommand.Cache, NbdCommandFlags.None, 5, 6),
            (NbdCommand.Flush, NbdCommandFlags.None, 0, 0),
            (NbdCommand.WriteZeroes, NbdCommandFlags.None, 0, 1 << 20),
            (NbdCommand.Disconnect, NbdCommandFlags.None, 0, 0));
        seen[0].Payload.Should().Equal(1, 2, 3);
    }

    [Fact(Timeout = 30_000)]
    public async Task Command_that_the_export_does_not_offer_fails_before_anything_is_sent()
    {
        var export = new FakeExport { Flags = NbdTransmissionFlags.HasFlags | NbdTransmissionFlags.ReadOnly };
        await using var server = FakeNbdServer.After(export, session => session.IsClosedByClientAsync());
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);

        Refused(() => client.WriteAsync(new byte[1], 0, cancellationToken: Token)).Should().Be("NBD_FLAG_READ_ONLY");
        Refused(() => client.FlushAsync(Token)).Should().Be("NBD_FLAG_SEND_FLUSH");
        Refused(() => client.CacheAsync(0, 1, Token)).Should().Be("NBD_FLAG_SEND_CACHE");
        Refused(() => client.ReadAsync(new byte[1], 0, NbdCommandFlags.DontFragment, Token)).Should().Be("NBD_FLAG_SEND_DF");
        FluentActions.Invoking(() => client.ReadAsync(new byte[1], 0, NbdCommandFlags.Fua, Token)).Should().Throw<ArgumentException>();

        static string Refused(Func<ValueTask> call) =>
            FluentActions.Invoking(() => call()).Should().Throw<NbdNotSupportedException>().Which.Feature;
    }

    [Fact(Timeout = 30_000)]
    public async Task Unaligned_and_outside_ranges_fail_and_the_message_has_the_numbers()
    {
        await using var server = FakeNbdServer.After(
            new FakeExport { Blocks = (512, 4096, 65536) }, session => session.IsClosedByClientAsync());
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);

        FluentActions.Invoking(() => client.ReadAsync(new byte[512], 100, cancellationToken: Token))
            .Should().Throw<ArgumentException>().WithMessage("*100*512*not aligned*minimum block size is 512*");
        FluentActions.Invoking(() => client.ReadAsync(new byte[100], 512, cancellationToken: Token)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => client.ReadAsync(new byte[1024], (1 << 20) - 512, cancellationToken: Token))
            .Should().Throw<ArgumentOutOfRangeException>().WithMessage("*not inside the export of 1048576 bytes*");
        FluentActions.Invoking(() => client.TrimAsync(512, long.MaxValue - 511, cancellationToken: Token))
            .Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact(Timeout = 30_000)]
    public async Task Long_calls_are_split_at_the_limit_of_the_server()
    {
        var lengths = new List<ulong>();
        var disk = new byte[1 << 20];
        await using var server = FakeNbdServer.After(new FakeExport { Blocks = (512, 4096, 65_000) }, async session =>
        {
            while (true)
            {
                var r = await session.ReadRequestAsync();
                lengths.Add(r.Length);
                if (r.Command == NbdCommand.Write)
                {
                    r.Payload.CopyTo(disk, (int)r.Offset);
                    await session.DoneAsync(r);
                }
                else
                {
                    await session.DataAsync(r, r.Offset, disk.AsSpan((int)r.Offset, (int)r.Length).ToArray(), done: true);
                }
            }
        });
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);
        var data = new byte[(1 << 20) - 512];
        new Random(1).NextBytes(data);
        var back = new byte[data.Length];

        await client.WriteAsync(data, 512, cancellationToken: Token);
        await client.ReadAsync(back, 512, cancellationToken: Token);

        client.MaxRequestLength.Should().Be(64_512);
        back.Should().Equal(data);
        lengths.Should().OnlyContain(length => length <= 64_512 && length % 512 == 0);
    }

    [Fact(Timeout = 30_000)]
    public async Task Eshutdown_fails_the_command_finishes_the_others_and_disconnects()
    {
        var left = new TaskCompletionSource<NbdCommand>();
        await using var server = FakeNbdServer.After(new FakeExport(), async session =>
        {
            var first = await session.ReadRequestAsync();
            var second = await session.ReadRequestAsync();
            await session.ErrorAsync(first, NbdError.ESHUTDOWN, "going");
            await session.DoneAsync(second);
            left.SetResult((await session.ReadRequestAsync()).Command);
        });
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);
        var first = client.FlushAsync(Token).AsTask();
        var second = client.FlushAsync(Token).AsTask();

        (await FluentActions.Awaiting(() => first).Should().ThrowAsync<NbdCommandException>()).Which.Error.Should().Be(NbdError.ESHUTDOWN);
        await second;
        (await left.Task.WaitAsync(Token)).Should().Be(NbdCommand.Disconnect);
        (await FluentActions.Awaiting(() => client.FlushAsync(Token).AsTask()).Should().ThrowAsync<NbdConnectionClosedException>())
            .Which.Reason.Should().Be(NbdCloseReason.ServerShutdown);
    }

    [Fact(Timeout = 30_000)]
    public async Task Several_disconnects_send_one_command()
    {
        var shown = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var left = new TaskCompletionSource<NbdCommand>();
        await using var server = FakeNbdServer.After(new FakeExport(), async session =>
        {
            var first = await session.ReadRequestAsync();
            var second = await session.ReadRequestAsync();
            await session.ErrorAsync(first, NbdError.ESHUTDOWN, "going");
            shown.SetResult();
            await release.Task;
            await session.DoneAsync(second);
            left.SetResult((await session.ReadRequestAsync()).Command);
        });
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);
        var first = client.FlushAsync(Token).AsTask();
        var second = client.FlushAsync(Token).AsTask();
        await shown.Task;
        await first.Invoking(f => f).Should().ThrowAsync<NbdCommandException>();

        // The server's error has started the first disconnect. The second caller cancels, and two more call at the same time.
        using var impatient = new CancellationTokenSource();
        var given = client.DisconnectAsync(impatient.Token);
        var (third, fourth) = (client.DisconnectAsync(Token), client.DisconnectAsync(Token));
        await impatient.CancelAsync();
        await given.Invoking(g => g).Should().ThrowAsync<OperationCanceledException>();
        release.SetResult();

        await Task.WhenAll(second, third, fourth, client.DisconnectAsync(Token));
        (await left.Task.WaitAsync(Token)).Should().Be(NbdCommand.Disconnect);
    }

    [Fact(Timeout = 30_000)]
    public async Task Call_waits_for_a_free_slot()
    {
        await using var server = FakeNbdServer.After(new FakeExport(), async session =>
        {
            var next = session.ReadRequestAsync();
            for (var i = 0; i < 50; i++)
            {
                var one = await next;
                var two = await session.ReadRequestAsync();
                if (i < 49)
                {
                    next = session.ReadRequestAsync();
                    next.IsCompleted.Should().BeFalse("two requests are in flight");
                }

                await session.DoneAsync(two);
                await session.DoneAsync(one);
            }

            await session.IsClosedByClientAsync();
        });
        await using var client = await NbdClient.ConnectAsync(server.Uri, new NbdClientOptions { MaxInFlight = 2 }, Token);

        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => client.FlushAsync(Token).AsTask()));
    }

    private static byte[] Filled(int length)
    {
        var bytes = new byte[length];
        bytes.AsSpan().Fill(0xcc);
        return bytes;
    }
}
