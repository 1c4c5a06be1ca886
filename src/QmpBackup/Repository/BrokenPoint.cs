namespace QmpBackup;

/// <summary>A point whose <c>POINT.json</c> is not what was written.</summary>
/// <param name="Id">The name of its files.</param>
/// <param name="Problem">What is wrong.</param>
public sealed record BrokenPoint(string Id, string Problem)
{
    /// <summary>Whether all that is known is that it could not be read.</summary>
    public bool IsUnread { get; init; }
}
