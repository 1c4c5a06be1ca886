namespace QmpBackup.Planning;

/// <summary>Removes a scratch image of ours if this host sees it.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The file.</param>
public sealed record RemoveFileStep(string Purpose, string Path) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"rm -f {Path}";
}
