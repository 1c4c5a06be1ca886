namespace QmpBackup;

/// <summary>Makes sure that a directory on this host has room: a scratch that runs full ends the backup.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The directory.</param>
/// <param name="Bytes">How much must be free, in bytes.</param>
internal sealed record RequireSpaceStep(string Purpose, string Path, long Bytes) : PlanStep(Purpose)
{
    /// <summary>How large the largest scratch image may become, in bytes.</summary>
    internal long LargestFile { get; init; }

    /// <summary>QEMU, whose quota and limit on file sizes count as well; null where it is not known.</summary>
    internal VmProcess? Process { get; init; }

    /// <inheritdoc/>
    public override string Describe() => $"test $(df --output=avail -B1 {Path} | tail -n 1) -ge {Bytes}";
}
