namespace QmpBackup;

/// <summary>Removes a scratch image from a scratch folder of ours. One in a folder that cannot be of this backup is left alone.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The file.</param>
/// <param name="Owner">The process that the folder was made for.</param>
internal sealed record RemoveFileStep(string Purpose, string Path, VmProcess Owner) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"rm -f {Path}";
}
