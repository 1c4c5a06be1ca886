namespace QmpBackup;

/// <summary>Waits until an export is really gone: until then its bitmap is busy and its node in use.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="ExportId">The export.</param>
public sealed record AwaitExportGoneStep(string Purpose, string ExportId) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"wait for BLOCK_EXPORT_DELETED of {ExportId}, or until query-block-exports no longer lists it";
}
