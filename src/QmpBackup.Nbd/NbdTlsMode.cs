namespace QmpBackup.Nbd;

/// <summary>Whether a connection is encrypted.</summary>
public enum NbdTlsMode
{
    /// <summary>As the URI's scheme says: <c>nbds</c> is <see cref="Require"/>, <c>nbd</c> is <see cref="Disable"/>.</summary>
    FromUri,

    /// <summary>Never.</summary>
    Disable,

    /// <summary>If the server offers it (opportunistic). Open to downgrade attacks: prefer <see cref="Require"/>.</summary>
    Allow,

    /// <summary>Always; fail if the server does not offer it.</summary>
    Require,
}
