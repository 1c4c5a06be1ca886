using System.Runtime.CompilerServices;
using System.Text.Json;

namespace QmpBackup.Qmp.Qapi;

public static partial class IntrospectCommands
{
    private static readonly ConditionalWeakTable<IQmpClient, QmpSchema> Cache = [];

    /// <summary>The schema of this session's QEMU. It is read once and cached: it cannot change while QEMU runs.</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The schema.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static async Task<QmpSchema> GetSchemaAsync(this IQmpClient client, CancellationToken cancellationToken = default)
    {
        if (Cache.TryGetValue(client.ThrowIfNull(), out var known))
            return known;
        var schema = await client.QueryQmpSchemaAsync(cancellationToken).ConfigureAwait(false);
        return Cache.GetValue(client, _ => schema);
    }

    /// <summary>Takes over the schema that another session has read, if it has: it need not be read again.</summary>
    /// <param name="client">The session.</param>
    /// <param name="earlier">Another session of the same QEMU process, which may have ended.</param>
    public static void TakeSchemaOf(this IQmpClient client, IQmpClient earlier)
    {
        if (Cache.TryGetValue(earlier.ThrowIfNull(), out var known))
            Cache.GetValue(client.ThrowIfNull(), _ => known);
    }
}

public static partial class QomCommands
{
    /// <summary>Executes <c>qom-set</c> with a string, such as the name of a node for <c>drive</c> (QEMU 1.2).</summary>
    /// <param name="client">The session.</param>
    /// <param name="path">The path of the object, absolute or partial.</param>
    /// <param name="property">The name of the property.</param>
    /// <param name="value">The new value.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task QomSetAsync(
        this IQmpClient client, string path, string property, string value, CancellationToken cancellationToken = default) =>
        client.QomSetAsync(path, property, JsonSerializer.SerializeToElement(value, QapiJson.String), cancellationToken);
}
