using QmpBackup.Planning;
using QmpBackup.Qmp;

namespace QmpBackup;

/// <summary>Writes the note of the open backup anew. How long the guest was frozen is known, and filled in, when it is run.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Note">The note.</param>
internal sealed record NoteStep(string Purpose, SessionNote Note) : CommandStep(Purpose, Steps.WriteNote(Note))
{
    internal QmpRequest RequestAfter(TimeSpan? frozen, bool mayBeFrozen) => frozen is null && !mayBeFrozen ? Request : Steps.WriteNote(After(Note, frozen, mayBeFrozen));

    internal static SessionNote After(SessionNote note, TimeSpan? frozen, bool mayBeFrozen) =>
        note with { FrozenMilliseconds = frozen is { } time ? Math.Round(time.TotalMilliseconds, 1) : note.FrozenMilliseconds, MayBeFrozen = mayBeFrozen };
}
