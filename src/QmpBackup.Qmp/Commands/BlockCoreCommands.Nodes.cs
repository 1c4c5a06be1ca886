namespace QmpBackup.Qmp;

public static partial class BlockCoreCommands
{
    /// <summary><c>blockdev-add</c>: adds a node (QEMU 2.9).</summary>
    public static QmpCommand<BlockdevOptions, QmpVoid> BlockdevAdd { get; } =
        new("blockdev-add", QmpJsonContext.Default.BlockdevOptions, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>blockdev-del</c>: removes a node that nothing uses (QEMU 2.9).</summary>
    public static QmpCommand<BlockdevDelArguments, QmpVoid> BlockdevDel { get; } =
        new("blockdev-del", QmpJsonContext.Default.BlockdevDelArguments, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>blockdev-backup</c>: starts a backup job (QEMU 2.3).</summary>
    public static QmpCommand<BlockdevBackup, QmpVoid> BlockdevBackup { get; } =
        new("blockdev-backup", QmpJsonContext.Default.BlockdevBackup, QmpJsonContext.Default.QmpVoid);

    /// <summary>
    /// <c>blockdev-create</c>: starts a job that creates an image. The job must be dismissed with <c>job-dismiss</c> (QEMU 3.0).
    /// </summary>
    public static QmpCommand<BlockdevCreateArguments, QmpVoid> BlockdevCreate { get; } =
        new("blockdev-create", QmpJsonContext.Default.BlockdevCreateArguments, QmpJsonContext.Default.QmpVoid);

    /// <summary>
    /// <c>block-set-write-threshold</c>: requests the event <c>BLOCK_WRITE_THRESHOLD</c> for the first write beyond an offset (QEMU 2.3).
    /// </summary>
    public static QmpCommand<BlockSetWriteThresholdArguments, QmpVoid> BlockSetWriteThreshold { get; } =
        new("block-set-write-threshold", QmpJsonContext.Default.BlockSetWriteThresholdArguments, QmpJsonContext.Default.QmpVoid);

    /// <summary>Executes <c>blockdev-add</c>: adds a node (QEMU 2.9).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockdevAddAsync(
        this IQmpClient client, BlockdevOptions arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(BlockdevAdd.With(arguments), cancellationToken);

    /// <summary>Executes <c>blockdev-del</c>: removes a node that nothing uses (QEMU 2.9).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockdevDelAsync(
        this IQmpClient client, BlockdevDelArguments arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(BlockdevDel.With(arguments), cancellationToken);

    /// <summary>Executes <c>blockdev-del</c>: removes a node that nothing uses (QEMU 2.9).</summary>
    /// <param name="client">The session.</param>
    /// <param name="nodeName">The name of the node.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockdevDelAsync(this IQmpClient client, string nodeName, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(BlockdevDel.With(new BlockdevDelArguments { NodeName = nodeName }), cancellationToken);

    /// <summary>Executes <c>blockdev-backup</c>: starts a backup job (QEMU 2.3).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockdevBackupAsync(
        this IQmpClient client, BlockdevBackup arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(BlockdevBackup.With(arguments), cancellationToken);

    /// <summary>
    /// Executes <c>blockdev-create</c>: starts a job that creates an image. The job must be dismissed with <c>job-dismiss</c> (QEMU 3.0).
    /// </summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockdevCreateAsync(
        this IQmpClient client, BlockdevCreateArguments arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(BlockdevCreate.With(arguments), cancellationToken);

    /// <summary>
    /// Executes <c>blockdev-create</c>: starts a job that creates an image. The job must be dismissed with <c>job-dismiss</c> (QEMU 3.0).
    /// </summary>
    /// <param name="client">The session.</param>
    /// <param name="jobId">The id of the job.</param>
    /// <param name="options">The image to create.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockdevCreateAsync(
        this IQmpClient client, string jobId, BlockdevCreateOptions options, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(
            BlockdevCreate.With(new BlockdevCreateArguments { JobId = jobId, Options = options }), cancellationToken);

    /// <summary>
    /// Executes <c>block-set-write-threshold</c>: requests the event <c>BLOCK_WRITE_THRESHOLD</c> for the first write beyond an offset
    /// (QEMU 2.3).
    /// </summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockSetWriteThresholdAsync(
        this IQmpClient client, BlockSetWriteThresholdArguments arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(BlockSetWriteThreshold.With(arguments), cancellationToken);

    /// <summary>
    /// Executes <c>block-set-write-threshold</c>: requests the event <c>BLOCK_WRITE_THRESHOLD</c> for the first write beyond an offset
    /// (QEMU 2.3).
    /// </summary>
    /// <param name="client">The session.</param>
    /// <param name="nodeName">The name of the node.</param>
    /// <param name="writeThreshold">The offset in bytes; 0 removes the threshold.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task BlockSetWriteThresholdAsync(
        this IQmpClient client, string nodeName, long writeThreshold, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(
            BlockSetWriteThreshold.With(new BlockSetWriteThresholdArguments { NodeName = nodeName, WriteThreshold = writeThreshold }),
            cancellationToken);
}
