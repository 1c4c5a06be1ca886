using System.Text.Json;

namespace QmpBackup;

/// <summary>Freezes the guest's file systems.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Request">How.</param>
public sealed record FreezeStep(string Purpose, FreezeRequest Request) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => Request.Mountpoints.IsEmpty
        ? """agent: {"execute":"guest-fsfreeze-freeze"}"""
        : $$$"""agent: {"execute":"guest-fsfreeze-freeze-list","arguments":{"mountpoints":[{{{string.Join(',', Request.Mountpoints.Select(m => $"\"{JsonEncodedText.Encode(m)}\""))}}}]}}""";
}
