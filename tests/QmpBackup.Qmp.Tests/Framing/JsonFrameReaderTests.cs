using System.Text;

namespace QmpBackup.Qmp.Tests;

public sealed class JsonFrameReaderTests
{
    private const int MaxSize = 64 * 1024 * 1024;

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"a":"}{][\"\\"}""")]
    [InlineData("""{"a":"\\\\\"","b":[{},[[]],"]"]}""")]
    [InlineData("{\r\n    \"return\": {\r\n        \"a\": [\r\n        ]\r\n    }\r\n}")]
    public async Task A_message_is_read_whole_however_it_is_split(string message)
    {
        foreach (var size in (int[])[1, 2, 3, 7, 4096])
        {
            (await ReadAllAsync(message + "\r\n", () => size)).Should().Equal([message], $"in reads of {size}");
        }
    }

    [Fact]
    public async Task Many_messages_in_one_read_are_separated_with_and_without_space_between()
    {
        var frames = await ReadAllAsync(" \r\n{\"a\":1}{\"b\":2}\n\n{\"c\":\r\n3}\t{}", () => 4096);

        frames.Should().Equal("{\"a\":1}", "{\"b\":2}", "{\"c\":\r\n3}", "{}");
    }

    [Fact]
    public async Task Random_messages_in_random_pieces_are_read_unchanged()
    {
        var random = new Random(20171207);
        for (var round = 0; round < 50; round++)
        {
            string[] messages = [.. Enumerable.Range(0, random.Next(1, 30)).Select(_ => RandomObject(random, depth: 0))];
            var text = string.Concat(messages.Select(message => message + (random.Next(3) == 0 ? string.Empty : "\r\n")));

            (await ReadAllAsync(text, () => random.Next(1, 200))).Should().Equal(messages);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(65536)]
    public async Task A_message_of_ten_megabytes_is_read_in_any_pieces_and_the_next_message_too(int size)
    {
        var large = "{\"return\":[" + string.Join(',', Enumerable.Repeat("{\"name\":\"a\\\"}\"}", 700_000)) + "]}";
        large.Length.Should().BeGreaterThan(10_000_000);

        var frames = await ReadAllAsync(large + "\r\n{\"b\":2}\r\n", () => size);

        frames.Should().HaveCount(2);
        (frames[0] == large).Should().BeTrue();
        frames[1].Should().Be("{\"b\":2}");
    }

    [Fact]
    public async Task A_message_over_the_limit_is_refused_before_all_of_it_is_read()
    {
        var stream = new ChunkedStream(Encoding.UTF8.GetBytes("{\"a\":\"" + new string('x', 10_000_000) + "\"}"), () => 4096);
        using var reader = new JsonFrameReader(stream, 100_000, maxDepth: 64);

        (await FaultAsync(reader)).Should().Be(JsonFrameFault.TooLarge);
        stream.Position.Should().BeLessThan(200_000);
    }

    [Fact]
    public async Task A_message_of_exactly_the_limit_is_read()
    {
        var message = "{\"a\":\"" + new string('x', 992) + "\"}";
        using var reader = Reader(message, message.Length, maxDepth: 64);

        (await reader.ReadAsync(TestContext.Current.CancellationToken)).Should().BeTrue();
        using var stricter = Reader(message, message.Length - 1, maxDepth: 64);
        (await FaultAsync(stricter)).Should().Be(JsonFrameFault.TooLarge);
    }

    [Fact]
    public async Task A_message_nested_too_deeply_is_refused()
    {
        using var fits = Reader("{\"a\":" + new string('[', 63) + new string(']', 63) + "}", MaxSize, maxDepth: 64);
        (await fits.ReadAsync(TestContext.Current.CancellationToken)).Should().BeTrue();

        using var tooDeep = Reader("{\"a\":" + new string('[', 64), MaxSize, maxDepth: 64);
        (await FaultAsync(tooDeep)).Should().Be(JsonFrameFault.TooDeep);
    }

    [Theory]
    [InlineData("{\"a\":")]
    [InlineData("{\"a\":\"}")]
    public async Task An_end_inside_a_message_differs_from_an_end_between_messages(string text)
    {
        using var reader = Reader(text, MaxSize, maxDepth: 64);
        (await FaultAsync(reader)).Should().Be(JsonFrameFault.Truncated);

        (await ReadAllAsync("{} \r\n", () => 1)).Should().HaveCount(1);
        (await ReadAllAsync(string.Empty, () => 1)).Should().BeEmpty();
    }

    [Theory]
    [InlineData("QEMU 7.2.22 monitor - type 'help' for more information\r\n(qemu) ")]
    [InlineData("[1]")]
    [InlineData("null")]
    [InlineData("}")]
    [InlineData("{} x")]
    public async Task A_message_that_does_not_begin_with_a_brace_is_refused(string text)
    {
        using var reader = Reader(text, MaxSize, maxDepth: 64);
        if (text.StartsWith("{}", StringComparison.Ordinal))
            await reader.ReadAsync(TestContext.Current.CancellationToken);

        (await FaultAsync(reader)).Should().Be(JsonFrameFault.NotAnObject);
    }

    private static JsonFrameReader Reader(string text, int maxSize, int maxDepth) =>
        new(new MemoryStream(Encoding.UTF8.GetBytes(text)), maxSize, maxDepth);

    private static async Task<JsonFrameFault> FaultAsync(JsonFrameReader reader)
    {
        Func<Task> read = async () => await reader.ReadAsync(TestContext.Current.CancellationToken);
        return (await read.Should().ThrowAsync<JsonFrameException>()).Which.Fault;
    }

    private static async Task<List<string>> ReadAllAsync(string text, Func<int> nextSize)
    {
        var frames = new List<string>();
        using var reader = new JsonFrameReader(new ChunkedStream(Encoding.UTF8.GetBytes(text), nextSize), MaxSize, maxDepth: 64);
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
            frames.Add(Encoding.UTF8.GetString(reader.Frame.Span));
        return frames;
    }

    private static string RandomObject(Random random, int depth) =>
        "{" + string.Join(",", Enumerable.Range(0, random.Next(4)).Select(i => $"\"k{i}\":{RandomValue(random, depth + 1)}")) + "}";

    private static string RandomValue(Random random, int depth) => random.Next(depth > 5 ? 3 : 5) switch
    {
        0 => "null",
        1 => "-12.5e3",
        2 => "\"" + string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => (string[])["a", "\\\"", "\\\\", "{", "]", "ü", "\\u0001"])
            .Select(choices => choices[random.Next(choices.Length)])) + "\"",
        3 => "[" + string.Join(", ", Enumerable.Range(0, random.Next(4)).Select(_ => RandomValue(random, depth + 1))) + "]",
        _ => RandomObject(random, depth),
    };
}
