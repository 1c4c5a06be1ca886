namespace QmpBackup.Planning;

/// <summary>Removes a scratch folder of ours, with the scratch images and the socket in it and nothing else.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The folder.</param>
public sealed record RemoveFolderStep(string Purpose, string Path) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"rm {Path}/qbackup-*; rmdir {Path}";
}
