namespace QmpBackup.Qmp;

internal enum QmpMessageKind
{
    Unknown,
    Greeting,
    Return,
    Error,
    Event,
}
