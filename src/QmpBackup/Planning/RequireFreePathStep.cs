namespace QmpBackup;

/// <summary>Makes sure that nothing is at a path of the user's: QEMU would silently remove what is there to put its socket in the place.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The path.</param>
internal sealed record RequireFreePathStep(string Purpose, string Path) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"test ! -e {Path}";
}
