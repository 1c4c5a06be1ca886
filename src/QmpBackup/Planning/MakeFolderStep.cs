using QmpBackup.Model;

namespace QmpBackup;

/// <summary>Makes a folder on this host that only the user of the VM can enter.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The folder.</param>
/// <param name="Owner">The process that must be able to use it.</param>
internal sealed record MakeFolderStep(string Purpose, string Path, VmProcess Owner) : PlanStep(Purpose)
{
    /// <summary>What is written into it, so that it is known later whose it is.</summary>
    internal ScratchMark? Mark { get; init; }

    /// <inheritdoc/>
    public override string Describe() => $"mkdir -m 700 {Path} (owner: user {Owner.UserId})";
}
