using QmpBackup.Qmp;
using QmpBackup.Sessions;

namespace QmpBackup.Planning;

/// <summary>Writes the note of the open backup anew. How long the guest was frozen is known, and filled in, when it is run.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Note">The note.</param>
public sealed record NoteStep(string Purpose, SessionNote Note) : CommandStep(Purpose, Steps.WriteNote(Note))
{
    internal QmpRequest RequestAfter(TimeSpan? frozen) => frozen is null ? Request : Steps.WriteNote(After(Note, frozen));

    internal static SessionNote After(SessionNote note, TimeSpan? frozen) =>
        frozen is null ? note : note with { FrozenMilliseconds = Math.Round(frozen.Value.TotalMilliseconds, 1) };
}
