using System.Text.Json;
using System.Text.Json.Serialization;

namespace QapiGenerator.Emit;

/// <summary>What people wrote for one definition or member: a better name, a summary, another type.</summary>
internal sealed record Override
{
    public static Override None { get; } = new();

    public string? Name { get; init; }

    public string? Summary { get; init; }

    /// <summary><c>bytes</c> for text that is base64, <c>long</c> for a number that never needs the 64th bit.</summary>
    public string? Type { get; init; }

    /// <summary>Whether the result of a command is written by hand, as the C# code of its JSON metadata.</summary>
    public string? ResultInfo { get; init; }

    /// <summary>Whether QEMU sends it in every version, although the schemas do not say so.</summary>
    public bool? Required { get; init; }

    /// <summary>The members that come first.</summary>
    public string[] Order { get; set; } = [];

    /// <summary>Whether <c>ToString</c> is written by hand.</summary>
    public bool HasOwnText { get; set; }

    public Dictionary<string, Override> Members { get; set; } = [];
}

/// <summary>The overrides file: names and summaries that are better than what facts alone give.</summary>
internal sealed record Overrides
{
    /// <summary>How a word is written inside a name: <c>ipv4</c> as <c>IPv4</c>.</summary>
    public Dictionary<string, string> Words { get; set; } = [];

    public Dictionary<string, Override> Types { get; set; } = [];

    public Dictionary<string, Override> Commands { get; set; } = [];

    public Dictionary<string, Override> Events { get; set; } = [];

    public static Overrides Read(string path) =>
        JsonSerializer.Deserialize(File.ReadAllText(path), OverridesJson.Default.Overrides) ?? new();
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(Overrides))]
internal sealed partial class OverridesJson : JsonSerializerContext;
