namespace QmpBackup.Qmp;

/// <summary>The commands of QEMU's <c>block-core</c> module: nodes, bitmaps, backups.</summary>
public static partial class BlockCoreCommands
{
    /// <summary>
    /// <c>query-block</c>: lists the devices of the VM and their images (QEMU 0.14). The list is empty in qemu-storage-daemon.
    /// </summary>
    public static QmpCommand<IReadOnlyList<BlockInfo>> QueryBlock { get; } =
        new("query-block", QmpJsonContext.Default.IReadOnlyListBlockInfo);

    /// <summary><c>query-named-block-nodes</c>: lists the nodes of the block graph (QEMU 2.0).</summary>
    public static QmpCommand<QueryNamedBlockNodesArguments, IReadOnlyList<BlockDeviceInfo>> QueryNamedBlockNodes { get; } =
        new(
            "query-named-block-nodes",
            QmpJsonContext.Default.QueryNamedBlockNodesArguments,
            QmpJsonContext.Default.IReadOnlyListBlockDeviceInfo);

    /// <summary><c>x-debug-query-block-graph</c>: returns the whole block graph; unstable (QEMU 4.0).</summary>
    public static QmpCommand<XDbgBlockGraph> XDebugQueryBlockGraph { get; } =
        new("x-debug-query-block-graph", QmpJsonContext.Default.XDbgBlockGraph);

    /// <summary>
    /// Executes <c>query-block</c>: lists the devices of the VM and what is in them (QEMU 0.14); nothing in
    /// qemu-storage-daemon.
    /// </summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<IReadOnlyList<BlockInfo>> QueryBlockAsync(this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QueryBlock.Request, cancellationToken);

    /// <summary>Executes <c>query-named-block-nodes</c>: lists the nodes of the block graph (QEMU 2.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<IReadOnlyList<BlockDeviceInfo>> QueryNamedBlockNodesAsync(
        this IQmpClient client, QueryNamedBlockNodesArguments arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QueryNamedBlockNodes.With(arguments), cancellationToken);

    /// <summary>Executes <c>query-named-block-nodes</c>: lists the nodes of the block graph (QEMU 2.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="flat">Whether to leave out the backing images inside each node; they are in the list as nodes (QEMU 5.0).</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<IReadOnlyList<BlockDeviceInfo>> QueryNamedBlockNodesAsync(
        this IQmpClient client, bool flat = true, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QueryNamedBlockNodes.With(new QueryNamedBlockNodesArguments { Flat = flat }), cancellationToken);

    /// <summary>Executes <c>x-debug-query-block-graph</c>: returns the whole block graph; unstable (QEMU 4.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<XDbgBlockGraph> XDebugQueryBlockGraphAsync(
        this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(XDebugQueryBlockGraph.Request, cancellationToken);
}
