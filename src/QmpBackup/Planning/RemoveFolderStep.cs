namespace QmpBackup;

/// <summary>Removes a scratch folder of ours, with the scratch images and the socket in it and nothing else. One that cannot be of this backup is left alone.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The folder.</param>
/// <param name="Owner">The process that it was made for.</param>
internal sealed record RemoveFolderStep(string Purpose, string Path, VmProcess Owner) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"rm {Path}/qbackup-*; rmdir {Path}";
}
