using QmpBackup.Nbd;

namespace QmpBackup;

/// <summary>Makes sure that an export of this backup can be read where somebody else's NBD server is said to listen.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Uri">The export's URI.</param>
/// <param name="Server">The process that must listen there; null where this cannot be told.</param>
internal sealed record RequireExportStep(string Purpose, NbdUri Uri, int? Server) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"nbdinfo '{Uri}'";
}
