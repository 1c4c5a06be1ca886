namespace QmpBackup.Qmp;

public static partial class BlockCoreCommands
{
    /// <summary><c>block-dirty-bitmap-add</c>: creates a bitmap that records writes (QEMU 2.4).</summary>
    public static QmpCommand<BlockDirtyBitmapAdd, QmpVoid> BlockDirtyBitmapAdd { get; } =
        new("block-dirty-bitmap-add", QmpJsonContext.Default.BlockDirtyBitmapAdd, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>block-dirty-bitmap-remove</c>: removes a bitmap, also from its image (QEMU 2.4).</summary>
    public static QmpCommand<BlockDirtyBitmap, QmpVoid> BlockDirtyBitmapRemove { get; } =
        new("block-dirty-bitmap-remove", QmpJsonContext.Default.BlockDirtyBitmap, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>block-dirty-bitmap-clear</c>: clears all bits of a bitmap (QEMU 2.4).</summary>
    public static QmpCommand<BlockDirtyBitmap, QmpVoid> BlockDirtyBitmapClear { get; } =
        new("block-dirty-bitmap-clear", QmpJsonContext.Default.BlockDirtyBitmap, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>block-dirty-bitmap-enable</c>: enables a bitmap: it records writes (QEMU 4.0).</summary>
    public static QmpCommand<BlockDirtyBitmap, QmpVoid> BlockDirtyBitmapEnable { get; } =
        new("block-dirty-bitmap-enable", QmpJsonContext.Default.BlockDirtyBitmap, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>block-dirty-bitmap-disable</c>: disables a bitmap: it stops recording (QEMU 4.0).</summary>
    public static QmpCommand<BlockDirtyBitmap, QmpVoid> BlockDirtyBitmapDisable { get; } =
        new("block-dirty-bitmap-disable", QmpJsonContext.Default.BlockDirtyBitmap, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>block-dirty-bitmap-merge</c>: merges bitmaps into a target bitmap (QEMU 4.0).</summary>
    public static QmpCommand<BlockDirtyBitmapMerge, QmpVoid> BlockDirtyBitmapMerge { get; } =
        new("block-dirty-bitmap-merge", QmpJsonContext.Default.BlockDirtyBitmapMerge, QmpJsonContext.Default.QmpVoid);

    /// <summary>Executes <c>block-dirty-bitmap-add</c>: creates a bitmap that records writes (QEMU 2.4).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockDirtyBitmapAddAsync(
        this IQmpClient client, BlockDirtyBitmapAdd arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(BlockDirtyBitmapAdd.With(arguments), cancellationToken);

    /// <summary>Executes <c>block-dirty-bitmap-remove</c>: removes a bitmap, also from its image (QEMU 2.4).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockDirtyBitmapRemoveAsync(
        this IQmpClient client, BlockDirtyBitmap arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(BlockDirtyBitmapRemove.With(arguments), cancellationToken);

    /// <summary>Executes <c>block-dirty-bitmap-remove</c>: removes a bitmap, also from its image (QEMU 2.4).</summary>
    /// <param name="client">The session.</param>
    /// <param name="node">The name of the node.</param>
    /// <param name="name">The name of the bitmap.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockDirtyBitmapRemoveAsync(
        this IQmpClient client, string node, string name, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(
            BlockDirtyBitmapRemove.With(new BlockDirtyBitmap { Node = node, Name = name }), cancellationToken);

    /// <summary>Executes <c>block-dirty-bitmap-clear</c>: clears all bits of a bitmap (QEMU 2.4).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockDirtyBitmapClearAsync(
        this IQmpClient client, BlockDirtyBitmap arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(BlockDirtyBitmapClear.With(arguments), cancellationToken);

    /// <summary>Executes <c>block-dirty-bitmap-clear</c>: clears all bits of a bitmap (QEMU 2.4).</summary>
    /// <param name="client">The session.</param>
    /// <param name="node">The name of the node.</param>
    /// <param name="name">The name of the bitmap.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockDirtyBitmapClearAsync(
        this IQmpClient client, string node, string name, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(BlockDirtyBitmapClear.With(new BlockDirtyBitmap { Node = node, Name = name }), cancellationToken);

    /// <summary>Executes <c>block-dirty-bitmap-enable</c>: enables a bitmap: it records writes (QEMU 4.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockDirtyBitmapEnableAsync(
        this IQmpClient client, BlockDirtyBitmap arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(BlockDirtyBitmapEnable.With(arguments), cancellationToken);

    /// <summary>Executes <c>block-dirty-bitmap-enable</c>: enables a bitmap: it records writes (QEMU 4.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="node">The name of the node.</param>
    /// <param name="name">The name of the bitmap.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockDirtyBitmapEnableAsync(
        this IQmpClient client, string node, string name, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(
            BlockDirtyBitmapEnable.With(new BlockDirtyBitmap { Node = node, Name = name }), cancellationToken);

    /// <summary>Executes <c>block-dirty-bitmap-disable</c>: disables a bitmap: it stops recording (QEMU 4.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockDirtyBitmapDisableAsync(
        this IQmpClient client, BlockDirtyBitmap arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(BlockDirtyBitmapDisable.With(arguments), cancellationToken);

    /// <summary>Executes <c>block-dirty-bitmap-disable</c>: disables a bitmap: it stops recording (QEMU 4.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="node">The name of the node.</param>
    /// <param name="name">The name of the bitmap.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockDirtyBitmapDisableAsync(
        this IQmpClient client, string node, string name, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(
            BlockDirtyBitmapDisable.With(new BlockDirtyBitmap { Node = node, Name = name }), cancellationToken);

    /// <summary>Executes <c>block-dirty-bitmap-merge</c>: merges bitmaps into a target bitmap (QEMU 4.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockDirtyBitmapMergeAsync(
        this IQmpClient client, BlockDirtyBitmapMerge arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(BlockDirtyBitmapMerge.With(arguments), cancellationToken);

    /// <summary>Enables or disables a bitmap: <c>block-dirty-bitmap-enable</c> or <c>block-dirty-bitmap-disable</c>.</summary>
    /// <param name="client">The session.</param>
    /// <param name="node">The name of the node.</param>
    /// <param name="name">The name of the bitmap.</param>
    /// <param name="enabled">True to enable it, false to disable it.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task SetBlockDirtyBitmapEnabledAsync(
        this IQmpClient client, string node, string name, bool enabled, CancellationToken cancellationToken = default) =>
        enabled
            ? client.BlockDirtyBitmapEnableAsync(node, name, cancellationToken)
            : client.BlockDirtyBitmapDisableAsync(node, name, cancellationToken);
}
