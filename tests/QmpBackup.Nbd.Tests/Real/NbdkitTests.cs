namespace QmpBackup.Nbd.Tests.Real;

public sealed class NbdkitTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = 60_000)]
    public async Task Pattern_is_read_back_over_several_connections()
    {
        await using var server = await RealServer.NbdkitAsync("pattern", "size=8M");
        await using var client = await NbdClient.ConnectAsync(server.Uri, new NbdClientOptions { Connections = 4, MaxInFlight = 4 }, Token);

        client.ConnectionCount.Should().Be(4);
        client.ReplyMode.Should().Be(NbdReplyMode.Structured);
        await Task.WhenAll(Enumerable.Range(0, 128).Select(async block =>
        {
            var buffer = new byte[65536];
            await client.ReadAsync(buffer, (long)block * 65536, cancellationToken: Token);
            for (var i = 0; i < buffer.Length; i += 8)
                System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(buffer.AsSpan(i)).Should().Be((block * 65536) + i);
        }));
        await client.DisconnectAsync(Token);
    }

    [Fact(Timeout = 60_000)]
    public async Task Export_without_multi_conn_gets_one_connection()
    {
        await using var server = await RealServer.NbdkitAsync("--filter=multi-conn", "memory", "1M", "multi-conn-mode=disable");
        await using var client = await NbdClient.ConnectAsync(server.Uri, new NbdClientOptions { Connections = 4 }, Token);

        client.ConnectionCount.Should().Be(1);
        client.Export.CanMultiConn.Should().BeFalse();
    }

    [Fact(Timeout = 60_000)]
    public async Task Holes_of_a_sparse_export_are_reported_and_read_as_zeroes()
    {
        await using var server = await RealServer.NbdkitAsync("data", "1 2 3 @0x100000 4", "size=16M");
        await using var client = await NbdClient.ConnectAsync(server.Uri, new NbdClientOptions { MetaContexts = ["base:"] }, Token);
        var allocation = client.FindMetaContext(NbdMetaContext.BaseAllocation)!;

        var extents = await client.EnumerateExtentsAsync(0, client.Export.Size, Token).ToListAsync(Token);
        var all = Enumerable.Repeat((byte)0xcc, 16 << 20).ToArray();
        await client.ReadAsync(all, 0, cancellationToken: Token);

        extents.Sum(e => e.Length).Should().Be(16 << 20);
        extents.Where(e => (e[allocation] & NbdMetaContext.StateZero) != 0).Sum(e => e.Length).Should().BeGreaterThan(15 << 20);
        all.Select((value, at) => (value, at)).Where(x => x.value != 0).Should().Equal((1, 0), (2, 1), (3, 2), (4, 0x100000));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("EIO", NbdError.EIO)]
    [InlineData("ENOSPC", NbdError.ENOSPC)]
    [InlineData("EPERM", NbdError.EPERM)]
    [InlineData("EINVAL", NbdError.EINVAL)]
    [InlineData("ENOMEM", NbdError.ENOMEM)]
    [InlineData("ESHUTDOWN", NbdError.ESHUTDOWN)]
    public async Task Injected_error_has_its_name(string name, NbdError error)
    {
        await using var server = await RealServer.NbdkitAsync("--filter=error", "memory", "1M", $"error={name}", "error-pwrite-rate=100%");
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);
        await client.ReadAsync(new byte[512], 0, cancellationToken: Token);

        var failure = (await FluentActions.Awaiting(() => client.WriteAsync(new byte[1024], 512, cancellationToken: Token).AsTask())
            .Should().ThrowAsync<NbdCommandException>()).Which;
        failure.Should().BeEquivalentTo(new { Error = error, ErrorName = name, Command = NbdCommand.Write, Offset = 512L, Length = 1024L });
    }

    [Fact(Timeout = 60_000)]
    public async Task Random_errors_affect_only_their_own_requests()
    {
        await using var server = await RealServer.NbdkitAsync("--filter=error", "pattern", "8M", "error-pread=EIO", "error-pread-rate=30%");
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);
        var (good, bad) = (0, 0);

        await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            var buffer = new byte[4096];
            try
            {
                await client.ReadAsync(buffer, (long)i * 4096, cancellationToken: Token);
                System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(buffer).Should().Be(i * 4096);
                Interlocked.Increment(ref good);
            }
            catch (NbdCommandException e) when (e.Error == NbdError.EIO && e.Offset == (long)i * 4096)
            {
                Interlocked.Increment(ref bad);
            }
        }));

        good.Should().BePositive();
        bad.Should().BePositive();
    }

    [Fact(Timeout = 60_000)]
    public async Task Block_sizes_of_the_server_are_respected()
    {
        await using var server = await RealServer.NbdkitAsync(
            "--filter=blocksize-policy", "memory", "1M", "blocksize-minimum=4096", "blocksize-preferred=65536", "blocksize-maximum=128K",
            "blocksize-error-policy=error");
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);
        var data = new byte[1 << 20];
        new Random(1).NextBytes(data);
        var back = new byte[1 << 20];

        await client.WriteAsync(data, 0, cancellationToken: Token);
        await client.ReadAsync(back, 0, cancellationToken: Token);

        back.Should().Equal(data);
        client.Export.Should().BeEquivalentTo(new { MinimumBlockSize = 4096L, PreferredBlockSize = 65536L, MaximumPayloadSize = 131072L });
        FluentActions.Invoking(() => client.ReadAsync(new byte[512], 0, cancellationToken: Token))
            .Should().Throw<ArgumentException>().WithMessage("*4096*");
    }

    [Fact(Timeout = 60_000)]
    public async Task Write_zeroes_trim_cache_fua_and_flush_work_if_the_export_offers_them()
    {
        await using var server = await RealServer.NbdkitAsync("--filter=nozero", "memory", "1M", "zeromode=none");
        await using var without = await NbdClient.ConnectAsync(server.Uri, null, Token);
        FluentActions.Invoking(() => without.WriteZeroesAsync(0, 512, cancellationToken: Token)).Should().Throw<NbdNotSupportedException>();

        await using var plain = await RealServer.NbdkitAsync("--filter=cache", "memory", "1M");
        await using var client = await NbdClient.ConnectAsync(plain.Uri, null, Token);
        var buffer = new byte[4096];
        buffer.AsSpan().Fill(7);
        await client.WriteAsync(buffer, 0, NbdCommandFlags.Fua, Token);
        await client.CacheAsync(0, 8192, Token);
        await client.WriteZeroesAsync(1024, 1024, NbdCommandFlags.Fua | NbdCommandFlags.NoHole, Token);
        await client.TrimAsync(8192, 4096, cancellationToken: Token);
        await client.FlushAsync(Token);
        await client.ReadAsync(buffer, 0, NbdCommandFlags.DontFragment, Token);
        buffer.Select((value, at) => value == (at is >= 1024 and < 2048 ? 0 : 7)).Should().NotContain(false);
    }

    [Fact(Timeout = 60_000)]
    public async Task Delayed_requests_run_in_parallel_and_can_be_cancelled()
    {
        await using var server = await RealServer.NbdkitAsync("--filter=delay", "pattern", "1M", "rdelay=200ms");
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);
        using var cancel = new CancellationTokenSource();
        var buffer = new byte[4096];
        buffer.AsSpan().Fill(0xcc);

        var cancelled = client.ReadAsync(buffer, 4096, cancellationToken: cancel.Token).AsTask();
        var others = Enumerable.Range(0, 15).Select(_ => client.ReadAsync(new byte[512], 0, cancellationToken: Token).AsTask()).ToArray();
        await cancel.CancelAsync();

        await FluentActions.Awaiting(() => cancelled).Should().ThrowAsync<OperationCanceledException>();
        await Task.WhenAll(others);
        buffer.Should().OnlyContain(value => value == 0xcc);
    }

    [Fact(Timeout = 60_000)]
    public async Task Killing_the_server_fails_the_requests_in_flight_as_closed()
    {
        var server = await RealServer.NbdkitAsync("--filter=delay", "memory", "1M", "rdelay=30");
        await using var client = await NbdClient.ConnectAsync(server.Uri, null, Token);
        var read = client.ReadAsync(new byte[512], 0, cancellationToken: Token).AsTask();

        await server.DisposeAsync();

        await FluentActions.Awaiting(() => read).Should().ThrowAsync<NbdConnectionClosedException>();
        await FluentActions.Awaiting(() => client.FlushAsync(Token).AsTask()).Should().ThrowAsync<NbdConnectionClosedException>();
    }

    [Fact(Timeout = 60_000)]
    public async Task Pattern_is_read_back_over_tcp()
    {
        using var probe = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        var port = ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        await using var server = new RealServer();
        await System.IO.File.WriteAllTextAsync(server.Socket, "", Token);
        await server.StartAsync(
            "nbdkit", "-f", "-i", "127.0.0.1", "-p", port.ToString(System.Globalization.CultureInfo.InvariantCulture), "pattern", "4M");

        await using var client = await NbdClient.ConnectAsync(NbdUri.Parse($"nbd://127.0.0.1:{port}/"), null, Token);
        var buffer = new byte[4 << 20];
        await client.ReadAsync(buffer, 0, cancellationToken: Token);

        System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(buffer.AsSpan((4 << 20) - 8)).Should().Be((4 << 20) - 8);
    }
}
