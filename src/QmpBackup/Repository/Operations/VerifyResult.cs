namespace QmpBackup;

/// <summary>What a verification found of one disk of one point.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Point">The point.</param>
/// <param name="Disk">The disk; null where the point as a whole is wrong.</param>
/// <param name="Fault">What is wrong, and in which point, or why it could not be read; null where all is well.</param>
public sealed record VerifyResult(string Vm, string Chain, string Point, string? Disk, DiskFault? Fault)
{
    /// <summary>What is known of the point's signature.</summary>
    public SignatureState Signature { get; init; }

    /// <summary>Whether the disk can be restored as it was.</summary>
    public bool IsSound => Fault is null;
}
