using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// A switch with an automatic position (QAPI <c>OnOffAuto</c>, QEMU 2.2). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<OnOffAuto>))]
public readonly record struct OnOffAuto(string Value) : IQapiString<OnOffAuto>
{
    /// <summary><c>auto</c>: as QEMU sees fit.</summary>
    public static OnOffAuto Auto { get; } = new("auto");

    /// <summary><c>on</c>: on.</summary>
    public static OnOffAuto On { get; } = new("on");

    /// <summary><c>off</c>: off.</summary>
    public static OnOffAuto Off { get; } = new("off");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static OnOffAuto IQapiString<OnOffAuto>.FromString(string value) => new(value);
}
