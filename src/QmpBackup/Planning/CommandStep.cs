using QmpBackup.Qmp;

namespace QmpBackup;

/// <summary>A QMP command.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Request">The exact command.</param>
public record CommandStep(string Purpose, QmpRequest Request) : PlanStep(Purpose)
{
    /// <summary>Whether it is as well if QEMU refuses: what it would do away with may be gone already, and QEMU has no way to ask.</summary>
    public bool MayBeRefused { get; init; }

    /// <summary>What a refusal most likely means and what to do then; null where the error speaks for itself.</summary>
    public Advice? RefusalRemedy { get; init; }

    /// <inheritdoc/>
    public override string Describe() => Request.ToJson();
}
