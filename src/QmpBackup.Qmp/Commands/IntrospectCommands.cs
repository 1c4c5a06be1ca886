using System.Runtime.CompilerServices;

namespace QmpBackup.Qmp;

/// <summary>The command of QEMU's <c>introspect</c> module.</summary>
public static class IntrospectCommands
{
    private static readonly ConditionalWeakTable<IQmpClient, QmpSchema> Cache = [];

    /// <summary><c>query-qmp-schema</c>: tells everything that this QEMU understands, in some 200 KB (QEMU 2.5).</summary>
    public static QmpCommand<QmpSchema> QueryQmpSchema { get; } = new("query-qmp-schema", QmpJsonContext.Default.QmpSchema);

    /// <summary>Executes <c>query-qmp-schema</c>: tells everything that this QEMU understands (QEMU 2.5).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <returns>The schema.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<QmpSchema> QueryQmpSchemaAsync(this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QueryQmpSchema.Request, cancellationToken);

    /// <summary>The schema of the QEMU of this session, which is asked for it once: it cannot change while QEMU runs.</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <returns>The schema.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static async Task<QmpSchema> GetSchemaAsync(this IQmpClient client, CancellationToken cancellationToken = default)
    {
        if (Cache.TryGetValue(client.ThrowIfNull(), out var known))
            return known;
        var schema = await client.QueryQmpSchemaAsync(cancellationToken).ConfigureAwait(false);
        return Cache.GetValue(client, _ => schema);
    }
}
