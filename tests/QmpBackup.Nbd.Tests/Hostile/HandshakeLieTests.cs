using Microsoft.Extensions.Time.Testing;
using QmpBackup.Nbd.Protocol;
using QmpBackup.Nbd.Tests.Fakes;
using static QmpBackup.Nbd.Tests.Fakes.FakeSession;

namespace QmpBackup.Nbd.Tests.Hostile;

public sealed class HandshakeLieTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = 30_000)]
    public async Task Greeting_without_the_magic_is_not_an_nbd_server()
    {
        await using var server = new FakeNbdServer(session => session.SendAsync(Utf8("SSH-2.0-OpenSSH_9.2\r\nSSH-2.0-OpenSSH_9.2\r\n")));

        await ConnectingThrowsAsync<NbdProtocolException>(server, "*NBDMAGIC*");
    }

    [Fact(Timeout = 30_000)]
    public async Task Second_magic_is_checked()
    {
        await using var server = new FakeNbdServer(session => session.SendAsync(U64(NbdConstants.InitMagic), U64(1), U16(3)));

        await ConnectingThrowsAsync<NbdProtocolException>(server, "*second magic*");
    }

    [Fact(Timeout = 30_000)]
    public async Task Oldstyle_protocol_fails_and_the_message_names_it()
    {
        await using var server = new FakeNbdServer(
            session => session.SendAsync(U64(NbdConstants.InitMagic), U64(NbdConstants.OldStyleMagic), new byte[136]));

        (await ConnectingThrowsAsync<NbdConnectException>(server, "*oldstyle*")).Reason.Should().Be(NbdConnectFailure.NotSupported);
    }

    [Fact(Timeout = 30_000)]
    public async Task Closing_during_the_handshake_is_a_failure_to_connect()
    {
        await using var server = new FakeNbdServer(session => session.SendAsync(U64(NbdConstants.InitMagic)));

        (await ConnectingThrowsAsync<NbdConnectException>(server, "*closed*")).Reason.Should().Be(NbdConnectFailure.ClosedByServer);
    }

    public static TheoryData<string, string> Lies => new()
    {
        { "magic", "*option reply begins*" },
        { "option", "*is for NBD_OPT_LIST*" },
        { "length", "*length 4294967295*" },
        { "ack", "*NBD_REP_ACK has a payload*" },
        { "type", "*type 77*" },
        { "endless", "*more than 64 NBD_REP_INFO*" },
        { "no-export", "*NBD_INFO_EXPORT is missing*" },
        { "export-length", "*NBD_INFO_EXPORT has the length*" },
        { "size", "*size is 9223372036854775808*" },
        { "no-flags", "*NBD_FLAG_HAS_FLAGS*" },
        { "contradiction", "*differs from the first*" },
        { "name-utf8", "*not UTF-8*" },
        { "name-nul", "*NUL*" },
        { "name-long", "*longer than 4096*" },
        { "block-length", "*NBD_INFO_BLOCK_SIZE has the length*" },
        { "block-0", "*block sizes are 0, 512, 1024*" },
        { "block-3", "*block sizes are 3, 512, 1024*" },
        { "block-huge", "*block sizes are 131072*" },
        { "block-preferred", "*block sizes are 512, 100*" },
        { "block-maximum", "*block sizes are 4096, 4096, 1*" },
    };

    [Theory(Timeout = 30_000)]
    [MemberData(nameof(Lies))]
    public async Task Lie_about_the_export_is_a_protocol_violation(string lie, string message)
    {
        await using var server = new FakeNbdServer(async session =>
        {
            await session.GreetAsync();
            uint option;
            while ((option = (await session.ReadOptionAsync()).Option) != NbdConstants.OptGo)
                await session.ReplyAsync(option, NbdConstants.RepErrUnsup);
            var export = (byte[][])[U16(0), U64(1 << 20), U16(1)];
            Task Info(params byte[][] payload) => session.ReplyAsync(option, NbdConstants.RepInfo, payload);
            Task Blocks(uint minimum, uint preferred, uint maximum) => Info(U16(3), U32(minimum), U32(preferred), U32(maximum));
            await (lie switch
            {
                "magic" => session.SendAsync(new byte[20]),
                "option" => session.ReplyAsync(NbdConstants.OptList, NbdConstants.RepAck),
                "length" => session.SendAsync(U64(NbdConstants.OptionReplyMagic), U32(option), U32(3), U32(uint.MaxValue)),
                "ack" => session.ReplyAsync(option, NbdConstants.RepAck, U32(1)),
                "type" => session.ReplyAsync(option, 77),
                "endless" => EndlessAsync(),
                "no-export" => session.ReplyAsync(option, NbdConstants.RepAck),
                "export-length" => Info(U16(0), U64(1)),
                "size" => Info(U16(0), U64(1UL << 63), U16(1)),
                "no-flags" => Info(U16(0), U64(1), U16(2)),
                "contradiction" => Task.WhenAll(Info(export), Info(U16(0), U64(2), U16(1))),
                "name-utf8" => Info(U16(1), [0xff]),
                "name-nul" => Info(U16(1), [0]),
                "name-long" => Info(U16(1), new byte[4097]),
                "block-length" => Info(U16(3), U32(1)),
                "block-0" => Blocks(0, 512, 1024),
                "block-3" => Blocks(3, 512, 1024),
                "block-huge" => Blocks(131072, 131072, 131072),
                "block-preferred" => Blocks(512, 100, 1024),
                "block-maximum" => Blocks(4096, 4096, 1),
                _ => throw new InvalidOperationException(lie),
            });
            if (lie is "type")
                await session.IsClosedByClientAsync();
            await session.ReplyAsync(option, NbdConstants.RepAck);
            await session.IsClosedByClientAsync();

            async Task EndlessAsync()
            {
                while (true)
                    await Info(U16(4711), U32(0));
            }
        });

        await ConnectingThrowsAsync<NbdProtocolException>(server, lie == "type" ? "*NBD_REP_INFO*" : message);
    }

    [Theory(Timeout = 30_000)]
    [InlineData("base:allocation", "base:other", "not requested")]
    [InlineData("base:allocation", "base:allocation", "twice")]
    public async Task Contexts_not_requested_or_granted_twice_are_a_protocol_violation(string first, string second, string message)
    {
        await using var server = FakeNbdServer.After(
            new FakeExport { Contexts = [first, second] }, session => session.IsClosedByClientAsync());

        await FluentActions.Awaiting(
            () => NbdClient.ConnectAsync(server.Uri, new NbdClientOptions { MetaContexts = ["base:allocation"] }, Token))
            .Should().ThrowAsync<NbdProtocolException>().WithMessage($"*{message}*");
    }

    [Fact(Timeout = 30_000)]
    public async Task Refusal_has_the_error_and_the_escaped_text_of_the_server()
    {
        await using var server = new FakeNbdServer(async session =>
        {
            await session.GreetAsync();
            while (true)
            {
                var (option, _) = await session.ReadOptionAsync();
                await session.ReplyAsync(
                    option, NbdConstants.RepErrorBit + (option == NbdConstants.OptGo ? 6u : 1u), Utf8("no \u001b[31msuch\nthing\u202e"));
            }
        });

        var refused = await ConnectingThrowsAsync<NbdOptionException>(server, "*NBD_OPT_GO*\"export\"*NBD_REP_ERR_UNKNOWN*");
        refused.OptionName.Should().Be("NBD_OPT_GO");
        refused.ErrorName.Should().Be("NBD_REP_ERR_UNKNOWN");
        refused.ServerMessage.Should().Be("no \\x1b[31msuch\\x0athing\\u{202e}");
    }

    [Fact(Timeout = 30_000)]
    public async Task Server_that_sends_single_bytes_is_understood()
    {
        await using var server = new FakeNbdServer(async outer =>
        {
            var session = new FakeSession(new DrippingStream(outer), Token);
            await session.HandshakeAsync(new FakeExport());
            var request = await session.ReadRequestAsync();
            await session.DataAsync(request, 0, [1, 2, 3, 4, 5, 6, 7, 8], done: true);
            await session.IsClosedByClientAsync();
        });
        await using var client = await NbdClient.ConnectAsync(server.Uri, cancellationToken: Token);
        var buffer = new byte[8];

        await client.ReadAsync(buffer, 0, cancellationToken: Token);

        buffer.Should().Equal(1, 2, 3, 4, 5, 6, 7, 8);
    }

    [Fact(Timeout = 30_000)]
    public async Task Silent_server_causes_a_handshake_timeout()
    {
        var clock = new FakeTimeProvider();
        var accepted = new TaskCompletionSource();
        await using var server = new FakeNbdServer(async session =>
        {
            await session.GreetAsync();
            accepted.SetResult();
            await session.ReadOptionAsync();
            await session.IsClosedByClientAsync();
        });
        var connecting = NbdClient.ConnectAsync(server.Uri, new NbdClientOptions { TimeProvider = clock }, Token);
        await accepted.Task.WaitAsync(Token);

        clock.Advance(TimeSpan.FromSeconds(31));

        (await FluentActions.Awaiting(() => connecting).Should().ThrowAsync<NbdTimeoutException>()).Which.Timeout
            .Should().Be(TimeSpan.FromSeconds(30));
    }

    [Fact(Timeout = 30_000)]
    public async Task All_connections_share_one_handshake_timeout()
    {
        var clock = new FakeTimeProvider();
        var number = 0;
        await using var server = new FakeNbdServer(async session =>
        {
            if (++number < 3)
            {
                await session.HandshakeAsync(new FakeExport { Flags = NbdTransmissionFlags.HasFlags | NbdTransmissionFlags.CanMultiConn });
                clock.Advance(TimeSpan.FromSeconds(20));
                return;
            }

            // The third is too late, whether it opened before or after the clock advanced: each alone took 20 s.
            await session.IsClosedByClientAsync();
        });
        var connecting = NbdClient.ConnectAsync(server.Uri, new NbdClientOptions { TimeProvider = clock, Connections = 4 }, Token);

        (await FluentActions.Awaiting(() => connecting).Should().ThrowAsync<NbdTimeoutException>()).Which.Message
            .Should().EndWith("within 30 s.");
    }

    [Fact(Timeout = 30_000)]
    public async Task Cancelling_ends_the_handshake()
    {
        using var cancel = new CancellationTokenSource();
        await using var server = new FakeNbdServer(async session =>
        {
            await session.GreetAsync();
            await cancel.CancelAsync();
            await session.IsClosedByClientAsync();
        });

        await FluentActions.Awaiting(() => NbdClient.ConnectAsync(server.Uri, null, cancel.Token))
            .Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact(Timeout = 30_000)]
    public async Task Missing_socket_and_socket_without_listener_have_different_reasons()
    {
        var directory = Directory.CreateTempSubdirectory("nbd-none-").FullName;
        var path = Path.Combine(directory, "s");
        (await ConnectingToThrowsAsync(path)).Reason.Should().Be(NbdConnectFailure.NotFound);

        using (var socket = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified))
        {
            socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(path));
            (await ConnectingToThrowsAsync(path)).Reason.Should().Be(NbdConnectFailure.Refused);
        }

        Directory.Delete(directory, recursive: true);
    }

    private static async Task<NbdConnectException> ConnectingToThrowsAsync(string path) =>
        (await FluentActions.Awaiting(() => NbdClient.ConnectAsync(new NbdUri(NbdEndpoint.Unix(path)), null, Token))
            .Should().ThrowAsync<NbdConnectException>()).Which;

    private static async Task<T> ConnectingThrowsAsync<T>(FakeNbdServer server, string message)
        where T : NbdException =>
        (await FluentActions.Awaiting(() => NbdClient.ConnectAsync(server.Uri, null, Token))
            .Should().ThrowAsync<T>().WithMessage(message)).Which;
}
