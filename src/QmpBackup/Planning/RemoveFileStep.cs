namespace QmpBackup.Planning;

/// <summary>Removes a scratch image of ours if this host sees it.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The file.</param>
public sealed record RemoveFileStep(string Purpose, string Path) : PlanStep(Purpose)
{
    /// <summary>Whether the rest goes on where it cannot be removed: somebody else's QEMU made it, and has emptied it.</summary>
    public bool MayFail { get; init; }

    /// <inheritdoc/>
    public override string Describe() => $"rm -f {Path}";
}
