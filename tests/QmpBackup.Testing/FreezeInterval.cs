namespace QmpBackup.Testing;

/// <summary>A time during which the guest of a fake agent was frozen. <see cref="Thawed"/> is null while it is frozen.</summary>
public sealed record FreezeInterval(DateTimeOffset Frozen, DateTimeOffset? Thawed);
