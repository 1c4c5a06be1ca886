using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// How the jobs of a transaction stand together (QAPI <c>ActionCompletionMode</c>, QEMU 2.5). Other versions of QEMU may know
/// other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<ActionCompletionMode>))]
public readonly record struct ActionCompletionMode(string Value) : IQapiString<ActionCompletionMode>
{
    /// <summary><c>individual</c>: each on its own.</summary>
    public static ActionCompletionMode Individual { get; } = new("individual");

    /// <summary><c>grouped</c>: when one fails all are cancelled. Takes only actions that start jobs.</summary>
    public static ActionCompletionMode Grouped { get; } = new("grouped");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static ActionCompletionMode IQapiString<ActionCompletionMode>.FromString(string value) => new(value);
}
