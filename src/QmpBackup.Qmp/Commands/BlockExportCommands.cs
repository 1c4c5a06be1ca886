namespace QmpBackup.Qmp;

/// <summary>The commands of QEMU's <c>block-export</c> module: the NBD server and exports.</summary>
public static class BlockExportCommands
{
    /// <summary><c>nbd-server-start</c>: starts the NBD server. QEMU has only one (QEMU 1.3).</summary>
    public static QmpCommand<NbdServerStartArguments, QmpVoid> NbdServerStart { get; } =
        new("nbd-server-start", QmpJsonContext.Default.NbdServerStartArguments, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>nbd-server-stop</c>: stops the NBD server and removes all NBD exports, also those of other clients (QEMU 1.3).</summary>
    public static QmpCommand<QmpVoid> NbdServerStop { get; } = new("nbd-server-stop", QmpJsonContext.Default.QmpVoid);

    /// <summary><c>block-export-add</c>: exports a node (QEMU 5.2).</summary>
    public static QmpCommand<BlockExportOptions, QmpVoid> BlockExportAdd { get; } =
        new("block-export-add", QmpJsonContext.Default.BlockExportOptions, QmpJsonContext.Default.QmpVoid);

    /// <summary>
    /// <c>block-export-del</c>: removes an export. The event <c>BLOCK_EXPORT_DELETED</c> reports that it is gone, before or after
    /// the answer (QEMU 5.2).
    /// </summary>
    public static QmpCommand<BlockExportDelArguments, QmpVoid> BlockExportDel { get; } =
        new("block-export-del", QmpJsonContext.Default.BlockExportDelArguments, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>query-block-exports</c>: lists the exports (QEMU 5.2).</summary>
    public static QmpCommand<IReadOnlyList<BlockExportInfo>> QueryBlockExports { get; } =
        new("query-block-exports", QmpJsonContext.Default.IReadOnlyListBlockExportInfo);

    /// <summary>Executes <c>nbd-server-start</c>: starts the NBD server. QEMU has only one (QEMU 1.3).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task NbdServerStartAsync(
        this IQmpClient client, NbdServerStartArguments arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(NbdServerStart.With(arguments), cancellationToken);

    /// <summary>Executes <c>nbd-server-start</c>: starts the NBD server. QEMU has only one (QEMU 1.3).</summary>
    /// <param name="client">The session.</param>
    /// <param name="address">Where to listen.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task NbdServerStartAsync(
        this IQmpClient client, SocketAddressLegacy address, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(NbdServerStart.With(new NbdServerStartArguments { Address = address }), cancellationToken);

    /// <summary>
    /// Executes <c>nbd-server-stop</c>: stops the NBD server and removes all NBD exports, also those of other clients (QEMU 1.3).
    /// </summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task NbdServerStopAsync(this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(NbdServerStop.Request, cancellationToken);

    /// <summary>Executes <c>block-export-add</c>: exports a node (QEMU 5.2).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockExportAddAsync(
        this IQmpClient client, BlockExportOptions arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(BlockExportAdd.With(arguments), cancellationToken);

    /// <summary>
    /// Executes <c>block-export-del</c>: removes an export. The event <c>BLOCK_EXPORT_DELETED</c> reports that it is gone, before
    /// or after the answer (QEMU 5.2).
    /// </summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockExportDelAsync(
        this IQmpClient client, BlockExportDelArguments arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(BlockExportDel.With(arguments), cancellationToken);

    /// <summary>
    /// Executes <c>block-export-del</c>: removes an export. The event <c>BLOCK_EXPORT_DELETED</c> reports that it is gone, before
    /// or after the answer (QEMU 5.2).
    /// </summary>
    /// <param name="client">The session.</param>
    /// <param name="id">The id of the export.</param>
    /// <param name="mode">How to treat connected clients; null for <c>safe</c>.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockExportDelAsync(
        this IQmpClient client, string id, BlockExportRemoveMode? mode = null, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(BlockExportDel.With(new BlockExportDelArguments { Id = id, Mode = mode }), cancellationToken);

    /// <summary>Executes <c>query-block-exports</c>: lists the exports (QEMU 5.2).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<IReadOnlyList<BlockExportInfo>> QueryBlockExportsAsync(
        this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QueryBlockExports.Request, cancellationToken);
}
