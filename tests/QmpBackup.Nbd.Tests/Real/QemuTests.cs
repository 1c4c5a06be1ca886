using CsCheck;

namespace QmpBackup.Nbd.Tests.Real;

public sealed class QemuTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Timeout = 120_000)]
    [InlineData("raw")]
    [InlineData("qcow2")]
    public async Task Random_writes_zeroes_and_trims_leave_the_image_equal_to_the_oracle(string format)
    {
        const int blocks = 512;
        const int size = blocks * 4096;
        await using var server = new RealServer();
        var image = server.File("disk");
        await Tool.RunAsync(
            "qemu-img", "create", "-q", "-f", format, image, size.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await server.StartAsync("qemu-nbd", "-t", "-e", "8", "-k", server.Socket, "-f", format, "--discard=unmap", image);
        var oracle = new byte[size];
        string? mismatch = null; // Only the first: a shrunk case works on an image that is already wrong.
        await using (var client = await NbdClient.ConnectAsync(
            server.Uri,
            new NbdClientOptions { Connections = 2, MaxRequestLength = 65536, MetaContexts = [NbdMetaContext.BaseAllocation] },
            Token))
        {
            var step = Gen.Select(Gen.Int[0, 5], Gen.Int[0, blocks - 1], Gen.Int[1, 64], Gen.Int[0, 511], Gen.Int);
            await step.Array[1, 30].SampleAsync(
                async steps =>
                {
                    var back = new byte[size];
                    foreach (var (kind, block, count, shift, seed) in steps)
                    {
                        var (at, length) = ((block * 4096) + shift, Math.Min(count * 4096, size - (block * 4096)) - shift);
                        await StepAsync(client, oracle, kind, at, length, seed);
                        await client.ReadAsync(back, 0, cancellationToken: Token);
                        var same = back.AsSpan().CommonPrefixLength(oracle);
                        if (same != size)
                            mismatch ??= $"step {kind} at {at}, length {length}, seed {seed}: {client.ReplyMode} replies differ at {same}";
                        mismatch.Should().BeNull();
                    }

                    await foreach (var extent in client.EnumerateExtentsAsync(0, size, Token))
                    {
                        if ((extent[client.MetaContexts[0]] & NbdMetaContext.StateZero) != 0)
                            oracle.AsSpan((int)extent.Offset, (int)extent.Length).IndexOfAnyExcept((byte)0).Should().Be(-1);
                    }
                },
                iter: 12, threads: 1);
            await client.FlushAsync(Token);
            await client.DisconnectAsync(Token);
        }

        await server.StopAsync();
        var raw = server.File("back");
        await Tool.RunAsync("qemu-img", "convert", "-f", format, "-O", "raw", image, raw);
        (await System.IO.File.ReadAllBytesAsync(raw, Token)).AsSpan().SequenceEqual(oracle).Should().BeTrue();
    }

    [Fact(Timeout = 60_000)]
    public async Task Dirty_bitmap_and_allocation_are_read_in_one_pass()
    {
        await using var server = new RealServer();
        var image = server.File("disk.qcow2");
        await Tool.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", image, "64M");
        await Tool.RunAsync("qemu-img", "bitmap", "--add", "-g", "64k", image, "b0");
        await Tool.RunAsync("qemu-io", "-f", "qcow2", "-c", "write -P 7 1M 64k", "-c", "write -z 8M 1M", image);
        await server.StartAsync(
            "qemu-nbd", "-r", "-t", "-k", server.Socket, "-f", "qcow2", "-B", "b0", "-A", "-x", "disk", "-D", "a text", image);
        var uri = new NbdUri(server.Uri.Endpoint, "disk");

        (await NbdClient.ListExportsAsync(uri, null, Token)).Should().Equal(new NbdExportListing("disk", "a text"));
        (await NbdClient.ListMetaContextsAsync(uri, [], null, Token))
            .Should().BeEquivalentTo("base:allocation", "qemu:dirty-bitmap:b0", "qemu:allocation-depth");
        (await NbdClient.ListMetaContextsAsync(uri, ["qemu:dirty-bitmap:"], null, Token)).Should().Equal("qemu:dirty-bitmap:b0");
        (await NbdClient.GetExportInfoAsync(uri, null, Token))
            .Should().BeEquivalentTo(new { Size = 64L << 20, Description = "a text", IsReadOnly = true });
        await using var client = await NbdClient.ConnectAsync(uri, new NbdClientOptions { MetaContexts = ["base:", "qemu:"] }, Token);
        client.MetaContexts.Select(c => c.Name).Should().BeEquivalentTo("base:allocation", "qemu:dirty-bitmap:b0", "qemu:allocation-depth");
        var dirty = client.FindMetaContext("qemu:dirty-bitmap:b0")!;
        var allocation = client.FindMetaContext(NbdMetaContext.BaseAllocation)!;

        var extents = await client.EnumerateExtentsAsync(0, client.Export.Size, Token).ToListAsync(Token);

        extents.Where(e => (e[dirty] & NbdMetaContext.StateDirty) != 0)
            .Select(e => (e.Offset, e.Length, (e[allocation] & NbdMetaContext.StateZero) != 0))
            .Should().Equal((1 << 20, 65536, false), (8 << 20, 1 << 20, true));
        client.Export.Description.Should().Be("a text");
    }

    [Fact(Timeout = 60_000)]
    public async Task Storage_daemon_lists_its_two_exports_and_refuses_a_third()
    {
        await using var server = new RealServer();
        await Tool.RunAsync("qemu-img", "create", "-q", "-f", "raw", server.File("a"), "1M");
        await Tool.RunAsync("qemu-img", "create", "-q", "-f", "raw", server.File("b"), "2M");
        await server.StartAsync(
            "qemu-storage-daemon",
            "--blockdev", $"file,node-name=a,filename={server.File("a")}", "--blockdev", $"file,node-name=b,filename={server.File("b")}",
            "--nbd-server", $"addr.type=unix,addr.path={server.Socket}",
            "--export", "nbd,id=a,node-name=a,name=a,writable=on", "--export", "nbd,id=b,node-name=b,name=b");

        (await NbdClient.ListExportsAsync(server.Uri, null, Token)).Select(e => e.Name).Should().BeEquivalentTo("a", "b");
        (await NbdClient.GetExportInfoAsync(new NbdUri(server.Uri.Endpoint, "b"), null, Token)).Size.Should().Be(2 << 20);
        (await FluentActions.Awaiting(() => NbdClient.ConnectAsync(new NbdUri(server.Uri.Endpoint, "c"), null, Token))
            .Should().ThrowAsync<NbdOptionException>()).Which.ErrorName.Should().Be("NBD_REP_ERR_UNKNOWN");
        await using var client = await NbdClient.ConnectAsync(new NbdUri(server.Uri.Endpoint, "a"), null, Token);
        await client.WriteZeroesAsync(0, 1 << 20, NbdCommandFlags.NoHole, Token);
        await client.FlushAsync(Token);
    }

    private static async Task StepAsync(NbdClient client, byte[] oracle, int kind, int at, int length, int seed)
    {
        var range = oracle.AsMemory(at, length);
        switch (kind)
        {
            case 0 or 1:
                new Random(seed).NextBytes(range.Span);
                await client.WriteAsync(range, at, (seed & 1) == 0 ? NbdCommandFlags.Fua : NbdCommandFlags.None, Token);
                break;
            case 2:
                range.Span.Clear();
                await client.WriteZeroesAsync(at, length, (seed & 1) == 0 ? NbdCommandFlags.NoHole : NbdCommandFlags.None, Token);
                break;
            case 3:
                // The content of a trimmed range is undefined: the oracle takes what the server returns.
                await client.TrimAsync(at, length, cancellationToken: Token);
                await client.ReadAsync(range, at, cancellationToken: Token);
                break;
            case 4:
                try
                {
                    await client.WriteZeroesAsync(at, length, NbdCommandFlags.FastZero, Token);
                    range.Span.Clear();
                }
                catch (NbdCommandException e) when (e.Error == NbdError.ENOTSUP)
                {
                    // QEMU may already have zeroed the parts that were fast to zero.
                    var now = new byte[length];
                    await client.ReadAsync(now, at, cancellationToken: Token);
                    for (var i = 0; i < length; i++)
                        (now[i] == 0 || now[i] == range.Span[i]).Should().BeTrue();
                    now.CopyTo(range);
                }

                break;
            default:
                var back = new byte[length];
                await client.ReadAsync(back, at, cancellationToken: Token);
                back.AsSpan().SequenceEqual(range.Span).Should().BeTrue();
                break;
        }
    }
}
