namespace QmpBackup.Qmp;

internal enum JsonFrameFault
{
    /// <summary>A message does not begin with a brace.</summary>
    NotAnObject,

    /// <summary>A message is larger than allowed.</summary>
    TooLarge,

    /// <summary>A message is nested more deeply than allowed.</summary>
    TooDeep,

    /// <summary>The stream ended inside a message.</summary>
    Truncated,
}
