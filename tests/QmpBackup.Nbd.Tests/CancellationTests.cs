using Microsoft.Extensions.Time.Testing;
using QmpBackup.Nbd.Protocol;
using QmpBackup.Nbd.Tests.Fakes;
using static QmpBackup.Nbd.Tests.Fakes.FakeSession;

namespace QmpBackup.Nbd.Tests;

public sealed class CancellationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Timeout = 30_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Late_payload_of_a_cancelled_read_does_not_touch_its_buffer(bool overStream)
    {
        var half = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        await using var server = FakeNbdServer.After(new FakeExport(), async session =>
        {
            var r = await session.ReadRequestAsync();
            await session.ChunkHeaderAsync(r, NbdConstants.ReplyOffsetData, false, 8 + 100_000, [.. U64(0), .. Ones(50_000)]);
            half.SetResult();
            await cancelled.Task;
            await session.SendAsync(Ones(50_000));
            await session.HoleAsync(r, 100_000, 31_072, done: true);
            r = await session.ReadRequestAsync();
            await session.DataAsync(r, 0, [1, 2, 3, 4], done: true);
            await session.IsClosedByClientAsync();
        });
        await using var client = overStream
            ? await NbdClient.ConnectStreamAsync(await OpenStreamAsync(server), "export", null, Token)
            : await NbdClient.ConnectAsync(server.Uri, null, Token);
        var buffer = new byte[131_072];
        buffer.AsSpan().Fill(0xcc);
        using var cancel = new CancellationTokenSource();

        var read = client.ReadAsync(buffer, 0, cancellationToken: cancel.Token).AsTask();
        await half.Task.WaitAsync(Token);
        await cancel.CancelAsync();
        (await FluentActions.Awaiting(() => read).Should().ThrowAsync<OperationCanceledException>()).Which.CancellationToken
            .Should().Be(cancel.Token);
        buffer.AsSpan().Fill(0xdd); // The caller may use the buffer again.
        cancelled.SetResult();
        var next = new byte[4];
        await client.ReadAsync(next, 0, cancellationToken: Token);

        next.Should().Equal(1, 2, 3, 4);
        buffer.Should().OnlyContain(value => value == 0xdd);
    }

    [Fact(Timeout = 30_000)]
    public async Task Cancelled_token_sends_nothing()
    {
        await using var server = FakeNbdServer.After(new FakeExport(), async session =>
        {
            var request = await session.ReadRequestAsync();
            await session.ErrorAsync(request, request.Offset == 512 ? NbdError.EPERM : NbdError.EIO, "");
            await session.IsClosedByClientAsync();
        });
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);

        await FluentActions.Awaiting(() => client.ReadAsync(new byte[1], 0, cancellationToken: new CancellationToken(true)).AsTask())
            .Should().ThrowAsync<OperationCanceledException>();
        (await FluentActions.Awaiting(() => client.ReadAsync(new byte[1], 512, cancellationToken: Token).AsTask())
            .Should().ThrowAsync<NbdCommandException>()).Which.Error.Should().Be(NbdError.EPERM);
    }

    [Fact(Timeout = 30_000)]
    public async Task Cancelled_write_sends_its_whole_message_before_it_returns()
    {
        var header = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        var received = new TaskCompletionSource<byte[]>();
        await using var server = FakeNbdServer.After(new FakeExport { Size = 1 << 26 }, async session =>
        {
            var r = await session.ReadHeaderAsync();
            header.SetResult();
            await goOn.Task;
            received.SetResult(await session.ReadAsync((int)r.Length));
            await session.DoneAsync(r);
            await session.DoneAsync(await session.ReadRequestAsync());
            await session.IsClosedByClientAsync();
        });
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);
        var data = Ones(16 << 20);
        using var cancel = new CancellationTokenSource();

        var write = client.WriteAsync(data, 0, cancellationToken: cancel.Token).AsTask();
        await header.Task.WaitAsync(Token);
        await cancel.CancelAsync();
        write.IsCompleted.Should().BeFalse("the transport still reads the caller's memory");
        goOn.SetResult();
        await FluentActions.Awaiting(() => write).Should().ThrowAsync<OperationCanceledException>();
        data.AsSpan().Clear();

        (await received.Task.WaitAsync(Token)).Should().OnlyContain(value => value == 1);
        await client.FlushAsync(Token);
    }

    [Fact(Timeout = 30_000)]
    public async Task Late_command_fails_and_the_connection_stays_open()
    {
        var clock = new FakeTimeProvider();
        var asked = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        await using var server = FakeNbdServer.After(new FakeExport(), async session =>
        {
            var late = await session.ReadRequestAsync();
            asked.SetResult();
            await answer.Task;
            await session.DataAsync(late, 0, [1, 1, 1, 1], done: true);
            await session.DoneAsync(await session.ReadRequestAsync());
            await session.IsClosedByClientAsync();
        });
        await using var client = await NbdClient.ConnectAsync(server.Uri, Options(clock), Token);
        var buffer = new byte[4];

        var read = client.ReadAsync(buffer, 0, cancellationToken: Token).AsTask();
        await asked.Task.WaitAsync(Token);
        clock.Advance(TimeSpan.FromSeconds(9));
        read.IsCompleted.Should().BeFalse();
        clock.Advance(TimeSpan.FromSeconds(3));
        (await FluentActions.Awaiting(() => read)
            .Should().ThrowAsync<NbdTimeoutException>().WithMessage("NBD_CMD_READ at offset 0, length 4*"))
            .Which.Timeout.Should().Be(TimeSpan.FromSeconds(10));
        answer.SetResult();

        await client.FlushAsync(Token);
        buffer.Should().Equal(0, 0, 0, 0);
    }

    [Fact(Timeout = 30_000)]
    public async Task Server_that_never_answers_loses_the_connection()
    {
        var clock = new FakeTimeProvider();
        var asked = new TaskCompletionSource();
        await using var server = FakeNbdServer.After(new FakeExport(), async session =>
        {
            await session.ReadRequestAsync();
            asked.SetResult();
            await session.IsClosedByClientAsync();
        });
        await using var client = await NbdClient.ConnectAsync(server.Uri, Options(clock) with { MaxInFlight = 1 }, Token);

        var read = client.ReadAsync(new byte[4], 0, cancellationToken: Token).AsTask();
        var waiting = client.FlushAsync(Token).AsTask();
        await asked.Task.WaitAsync(Token);
        clock.Advance(TimeSpan.FromSeconds(12));
        await FluentActions.Awaiting(() => read).Should().ThrowAsync<NbdTimeoutException>();
        clock.Advance(TimeSpan.FromSeconds(12));

        await FluentActions.Awaiting(() => waiting).Should().ThrowAsync<NbdTimeoutException>();
    }

    [Fact(Timeout = 30_000)]
    public async Task Server_that_does_not_accept_a_write_loses_the_connection()
    {
        var clock = new FakeTimeProvider();
        var header = new TaskCompletionSource();
        var end = new TaskCompletionSource();
        await using var server = FakeNbdServer.After(new FakeExport { Size = 1 << 26 }, async session =>
        {
            await session.ReadHeaderAsync();
            header.SetResult();
            await end.Task;
        });
        await using var client = await NbdClient.ConnectAsync(server.Uri, Options(clock), Token);

        var write = client.WriteAsync(new byte[16 << 20], 0, cancellationToken: Token).AsTask();
        await header.Task.WaitAsync(Token);
        clock.Advance(TimeSpan.FromSeconds(12));

        await FluentActions.Awaiting(() => write).Should().ThrowAsync<NbdTimeoutException>();
        end.SetResult();
    }

    [Fact(Timeout = 30_000)]
    public async Task Disposing_fails_the_requests_in_flight()
    {
        var asked = new TaskCompletionSource();
        await using var server = FakeNbdServer.After(new FakeExport(), async session =>
        {
            await session.ReadRequestAsync();
            asked.SetResult();
            await session.IsClosedByClientAsync();
        });
        var client = await NbdClient.ConnectAsync(server.Uri, null, Token);
        var read = client.ReadAsync(new byte[4], 0, cancellationToken: Token).AsTask();
        await asked.Task.WaitAsync(Token);

        await client.DisposeAsync();

        (await FluentActions.Awaiting(() => read).Should().ThrowAsync<NbdConnectionClosedException>()).Which.Reason
            .Should().Be(NbdCloseReason.Disposed);
        (await FluentActions.Awaiting(() => client.FlushAsync(Token).AsTask()).Should().ThrowAsync<NbdConnectionClosedException>())
            .Which.Reason.Should().Be(NbdCloseReason.Disposed);
        await client.DisposeAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task Random_cancellations_do_not_affect_other_requests()
    {
        await using var server = FakeNbdServer.After(new FakeExport { Size = 1 << 30 }, async session =>
        {
            while (true)
            {
                var r = await session.ReadRequestAsync();
                if (r.Command == NbdCommand.Disconnect)
                    return;
                var bytes = new byte[r.Length];
                bytes.AsSpan().Fill((byte)(r.Offset / 65536));
                await session.DataAsync(r, r.Offset, bytes, done: true);
            }
        });
        await using var client = await NbdClient.ConnectAsync(server.Uri, new NbdClientOptions { MaxInFlight = 8 }, Token);

        await Task.WhenAll(Enumerable.Range(0, 12).Select(worker => Task.Run(
            async () =>
            {
                var random = new Random(worker);
                var buffer = new byte[65536];
                for (var i = 0; i < 150; i++)
                {
                    var block = random.Next(1 << 14);
                    using var cancel = new CancellationTokenSource();
                    var length = random.Next(1, 65536);
                    var read = client.ReadAsync(buffer.AsMemory(0, length), (long)block * 65536, cancellationToken: cancel.Token).AsTask();
                    if (random.Next(3) == 0)
                    {
                        for (var spin = random.Next(50); spin > 0; spin--)
                            await Task.Yield();
                        await cancel.CancelAsync();
                    }

                    try
                    {
                        await read;
                        buffer.AsSpan(0, length).IndexOfAnyExcept((byte)block).Should().Be(-1);
                    }
                    catch (OperationCanceledException)
                    {
                        buffer.AsSpan().Fill(0xee);
                        await Task.Yield();
                        buffer.AsSpan().IndexOfAnyExcept((byte)0xee).Should().Be(-1);
                    }
                }
            },
            Token)));
        await client.DisconnectAsync(Token);
    }

    private static NbdClientOptions Options(FakeTimeProvider clock) =>
        new() { TimeProvider = clock, CommandTimeout = TimeSpan.FromSeconds(10) };

    private static byte[] Ones(int length)
    {
        var bytes = new byte[length];
        bytes.AsSpan().Fill(1);
        return bytes;
    }

    private static async Task<Stream> OpenStreamAsync(FakeNbdServer server)
    {
        var socket = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        await socket.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(server.Uri.Endpoint.SocketPath!), Token);
        return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
    }
}
