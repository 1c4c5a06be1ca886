namespace QmpBackup.Nbd;

/// <summary>The export does not offer what was asked of it. Nothing was sent.</summary>
public sealed class NbdNotSupportedException : NbdException
{
    internal NbdNotSupportedException(string feature, string message)
        : base(message)
    {
        Feature = feature;
    }

    /// <summary>What is missing, by its name in the specification, as <c>NBD_FLAG_SEND_TRIM</c>.</summary>
    public string Feature { get; }
}
