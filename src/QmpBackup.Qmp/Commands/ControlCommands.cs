using System.Runtime.CompilerServices;

namespace QmpBackup.Qmp;

/// <summary>The commands of QEMU's <c>control</c> module.</summary>
public static class ControlCommands
{
    /// <summary><c>query-version</c>: returns the version of QEMU (QEMU 0.14).</summary>
    public static QmpCommand<VersionInfo> QueryVersion { get; } = new("query-version", QmpJsonContext.Default.VersionInfo);

    /// <summary><c>query-commands</c>: lists the commands of this QEMU (QEMU 0.14).</summary>
    public static QmpCommand<IReadOnlyList<CommandInfo>> QueryCommands { get; } =
        new("query-commands", QmpJsonContext.Default.IReadOnlyListCommandInfo);

    /// <summary><c>quit</c>: ends QEMU at once, like a power cut for the guest (QEMU 0.14).</summary>
    public static QmpCommand<QmpVoid> Quit { get; } = new("quit", QmpJsonContext.Default.QmpVoid);

    /// <summary>Executes <c>query-version</c>: returns the version of QEMU (QEMU 0.14).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<VersionInfo> QueryVersionAsync(this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QueryVersion.Request, cancellationToken);

    /// <summary>Executes <c>query-commands</c>: lists the commands of this QEMU (QEMU 0.14).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<IReadOnlyList<CommandInfo>> QueryCommandsAsync(
        this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QueryCommands.Request, cancellationToken);

    /// <summary>Executes <c>quit</c>: ends QEMU at once, like a power cut for the guest (QEMU 0.14).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task QuitAsync(this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(Quit.Request, cancellationToken);
}

/// <summary>The command of QEMU's <c>introspect</c> module.</summary>
public static class IntrospectCommands
{
    private static readonly ConditionalWeakTable<IQmpClient, QmpSchema> Cache = [];

    /// <summary><c>query-qmp-schema</c>: returns the schema of this QEMU, about 200 KB (QEMU 2.5).</summary>
    public static QmpCommand<QmpSchema> QueryQmpSchema { get; } = new("query-qmp-schema", QmpSchemaJsonContext.Default.QmpSchema);

    /// <summary>Executes <c>query-qmp-schema</c>: returns the schema of this QEMU (QEMU 2.5).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The schema.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<QmpSchema> QueryQmpSchemaAsync(this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QueryQmpSchema.Request, cancellationToken);

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
