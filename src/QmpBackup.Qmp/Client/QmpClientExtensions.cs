using System.Runtime.CompilerServices;

namespace QmpBackup.Qmp;

/// <summary>Shorter ways to use a session.</summary>
public static class QmpClientExtensions
{
    /// <summary>Begins to collect events of certain kinds. Dispose the subscription when it is no longer needed.</summary>
    /// <param name="client">The session.</param>
    /// <param name="eventTypes">The kinds of events, from <see cref="QmpEvents"/>; none for all.</param>
    /// <returns>The subscription.</returns>
    public static QmpEventSubscription Subscribe(this IQmpClient client, params QmpEventType[] eventTypes)
    {
        ArgumentNullException.ThrowIfNull(eventTypes);
        return client.ThrowIfNull().Subscribe(Array.ConvertAll(eventTypes, static type => type.Name));
    }

    internal static IQmpClient ThrowIfNull(
        this IQmpClient client, [CallerArgumentExpression(nameof(client))] string? name = null)
    {
        ArgumentNullException.ThrowIfNull(client, name);
        return client;
    }
}
