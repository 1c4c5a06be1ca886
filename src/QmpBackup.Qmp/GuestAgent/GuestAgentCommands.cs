namespace QmpBackup.Qmp;

/// <summary>The commands of the QEMU guest agent (<c>qga/qapi-schema.json</c>).</summary>
public static class GuestAgentCommands
{
    /// <summary><c>guest-ping</c>: does nothing but answer (QEMU 0.15).</summary>
    public static QmpCommand<QmpVoid> GuestPing { get; } = new("guest-ping", GuestAgentJsonContext.Default.QmpVoid);

    /// <summary><c>guest-info</c>: returns the version and the commands of the agent (QEMU 0.15).</summary>
    public static QmpCommand<GuestAgentInfo> GuestInfo { get; } = new("guest-info", GuestAgentJsonContext.Default.GuestAgentInfo);

    /// <summary><c>guest-sync</c>: sends back a number. Rarely needed, because the client synchronizes by itself (QEMU 0.15).</summary>
    public static QmpCommand<GuestSyncArguments, long> GuestSync { get; } =
        new("guest-sync", GuestAgentJsonContext.Default.GuestSyncArguments, GuestAgentJsonContext.Default.Int64);

    /// <summary>
    /// <c>guest-sync-delimited</c>: sends back a number after the byte <c>0xFF</c>. Rarely needed, because the client synchronizes by
    /// itself (QEMU 1.1).
    /// </summary>
    public static QmpCommand<GuestSyncArguments, long> GuestSyncDelimited { get; } =
        new("guest-sync-delimited", GuestAgentJsonContext.Default.GuestSyncArguments, GuestAgentJsonContext.Default.Int64);

    /// <summary><c>guest-fsfreeze-status</c>: returns whether the file systems are frozen (QEMU 0.15).</summary>
    public static QmpCommand<GuestFsfreezeStatus> GuestFsfreezeStatus { get; } =
        new("guest-fsfreeze-status", GuestAgentJsonContext.Default.GuestFsfreezeStatus);

    /// <summary>
    /// <c>guest-fsfreeze-freeze</c>: freezes all file systems that can be frozen, and returns their number. Prefer
    /// <see cref="GuestFreeze"/>, which guarantees the thaw (QEMU 0.15).
    /// </summary>
    public static QmpCommand<long> GuestFsfreezeFreeze { get; } = new("guest-fsfreeze-freeze", GuestAgentJsonContext.Default.Int64);

    /// <summary>
    /// <c>guest-fsfreeze-freeze-list</c>: freezes the file systems at mount points, and returns their number. Paths that are not mount
    /// points are ignored. Prefer <see cref="GuestFreeze"/>, which guarantees the thaw (QEMU 2.2).
    /// </summary>
    public static QmpCommand<GuestFsfreezeFreezeListArguments, long> GuestFsfreezeFreezeList { get; } =
        new(
            "guest-fsfreeze-freeze-list",
            GuestAgentJsonContext.Default.GuestFsfreezeFreezeListArguments,
            GuestAgentJsonContext.Default.Int64);

    /// <summary>
    /// <c>guest-fsfreeze-thaw</c>: thaws the file systems and returns their number. It can fail after the thaw: check
    /// <c>guest-fsfreeze-status</c> (QEMU 0.15).
    /// </summary>
    public static QmpCommand<long> GuestFsfreezeThaw { get; } = new("guest-fsfreeze-thaw", GuestAgentJsonContext.Default.Int64);

    /// <summary><c>guest-get-fsinfo</c>: lists the mounted file systems (QEMU 2.2).</summary>
    public static QmpCommand<IReadOnlyList<GuestFilesystemInfo>> GuestGetFsinfo { get; } =
        new("guest-get-fsinfo", GuestAgentJsonContext.Default.IReadOnlyListGuestFilesystemInfo);

    /// <summary><c>guest-get-osinfo</c>: returns the operating system (QEMU 2.10).</summary>
    public static QmpCommand<GuestOSInfo> GuestGetOsinfo { get; } = new("guest-get-osinfo", GuestAgentJsonContext.Default.GuestOSInfo);

    /// <summary><c>guest-exec</c>: starts a program in the guest, and does not wait for its end (QEMU 2.5).</summary>
    public static QmpCommand<GuestExecArguments, GuestExec> GuestExec { get; } =
        new("guest-exec", GuestAgentJsonContext.Default.GuestExecArguments, GuestAgentJsonContext.Default.GuestExec);

    /// <summary><c>guest-exec-status</c>: returns whether a program of <c>guest-exec</c> has ended, and its result (QEMU 2.5).</summary>
    public static QmpCommand<GuestExecStatusArguments, GuestExecStatus> GuestExecStatus { get; } =
        new("guest-exec-status", GuestAgentJsonContext.Default.GuestExecStatusArguments, GuestAgentJsonContext.Default.GuestExecStatus);

    /// <summary>
    /// <c>guest-shutdown</c>: shuts the guest down. It does not answer on success: the call returns when the command is sent (QEMU 0.15).
    /// </summary>
    public static QmpCommand<GuestShutdownArguments, QmpVoid> GuestShutdown { get; } =
        new("guest-shutdown", GuestAgentJsonContext.Default.GuestShutdownArguments, GuestAgentJsonContext.Default.QmpVoid);

    /// <summary>Executes <c>guest-ping</c>: does nothing but answer (QEMU 0.15).</summary>
    /// <param name="client">The client of the agent.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when the agent has answered.</returns>
    /// <inheritdoc cref="GuestAgentClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task GuestPingAsync(this GuestAgentClient client, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.ExecuteAsync(GuestPing.Request, cancellationToken);
    }

    /// <summary>Executes <c>guest-info</c>: returns the version and the commands of the agent (QEMU 0.15).</summary>
    /// <param name="client">The client of the agent.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="GuestAgentClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<GuestAgentInfo> GuestInfoAsync(this GuestAgentClient client, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.ExecuteAsync(GuestInfo.Request, cancellationToken);
    }

    /// <summary>
    /// Executes <c>guest-sync</c>: sends back a number. Rarely needed, because the client synchronizes by itself (QEMU 0.15).
    /// </summary>
    /// <param name="client">The client of the agent.</param>
    /// <param name="id">A number of the caller's choice.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The number that the agent sent back.</returns>
    /// <inheritdoc cref="GuestAgentClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<long> GuestSyncAsync(
        this GuestAgentClient client, long id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.ExecuteAsync(GuestSync.With(new GuestSyncArguments { Id = id }), cancellationToken);
    }

    /// <summary>
    /// Executes <c>guest-sync-delimited</c>: sends back a number after the byte <c>0xFF</c>. Rarely needed, because the client synchronizes
    /// by itself (QEMU 1.1).
    /// </summary>
    /// <param name="client">The client of the agent.</param>
    /// <param name="id">A number of the caller's choice.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The number that the agent sent back.</returns>
    /// <inheritdoc cref="GuestAgentClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<long> GuestSyncDelimitedAsync(
        this GuestAgentClient client, long id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.ExecuteAsync(GuestSyncDelimited.With(new GuestSyncArguments { Id = id }), cancellationToken);
    }

    /// <summary>Executes <c>guest-fsfreeze-status</c>: returns whether the file systems are frozen (QEMU 0.15).</summary>
    /// <param name="client">The client of the agent.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="GuestAgentClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<GuestFsfreezeStatus> GuestFsfreezeStatusAsync(
        this GuestAgentClient client, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.ExecuteAsync(GuestFsfreezeStatus.Request, cancellationToken);
    }

    /// <summary>
    /// Executes <c>guest-fsfreeze-freeze</c>: freezes all file systems that can be frozen, and returns their number. Prefer
    /// <see cref="GuestFreeze"/>, which guarantees the thaw (QEMU 0.15).
    /// </summary>
    /// <param name="client">The client of the agent.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="GuestAgentClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<long> GuestFsfreezeFreezeAsync(this GuestAgentClient client, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.ExecuteAsync(GuestFsfreezeFreeze.Request, cancellationToken);
    }

    /// <summary>
    /// Executes <c>guest-fsfreeze-freeze-list</c>: freezes the file systems at mount points, and returns their number. Paths that are not
    /// mount points are ignored. Prefer <see cref="GuestFreeze"/>, which guarantees the thaw (QEMU 2.2).
    /// </summary>
    /// <param name="client">The client of the agent.</param>
    /// <param name="mountpoints">The mount points; null for all file systems.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="GuestAgentClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<long> GuestFsfreezeFreezeListAsync(
        this GuestAgentClient client, IReadOnlyList<string>? mountpoints, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        var arguments = new GuestFsfreezeFreezeListArguments { Mountpoints = mountpoints };
        return client.ExecuteAsync(GuestFsfreezeFreezeList.With(arguments), cancellationToken);
    }

    /// <summary>
    /// Executes <c>guest-fsfreeze-thaw</c>: thaws the file systems and returns their number. It can fail after the thaw: check
    /// <c>guest-fsfreeze-status</c> (QEMU 0.15).
    /// </summary>
    /// <param name="client">The client of the agent.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="GuestAgentClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<long> GuestFsfreezeThawAsync(this GuestAgentClient client, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.ExecuteAsync(GuestFsfreezeThaw.Request, cancellationToken);
    }

    /// <summary>Executes <c>guest-get-fsinfo</c>: lists the mounted file systems (QEMU 2.2).</summary>
    /// <param name="client">The client of the agent.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="GuestAgentClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<IReadOnlyList<GuestFilesystemInfo>> GuestGetFsinfoAsync(
        this GuestAgentClient client, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.ExecuteAsync(GuestGetFsinfo.Request, cancellationToken);
    }

    /// <summary>Executes <c>guest-get-osinfo</c>: returns the operating system (QEMU 2.10).</summary>
    /// <param name="client">The client of the agent.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="GuestAgentClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<GuestOSInfo> GuestGetOsinfoAsync(this GuestAgentClient client, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.ExecuteAsync(GuestGetOsinfo.Request, cancellationToken);
    }

    /// <summary>Executes <c>guest-exec</c>: starts a program in the guest, and does not wait for its end (QEMU 2.5).</summary>
    /// <param name="client">The client of the agent.</param>
    /// <param name="arguments">The program to start.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="GuestAgentClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<GuestExec> GuestExecAsync(
        this GuestAgentClient client, GuestExecArguments arguments, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.ExecuteAsync(GuestExec.With(arguments), cancellationToken);
    }

    /// <summary>
    /// Executes <c>guest-exec-status</c>: returns whether a program of <c>guest-exec</c> has ended, and its result (QEMU 2.5).
    /// </summary>
    /// <param name="client">The client of the agent.</param>
    /// <param name="pid">The process id from <c>guest-exec</c>.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="GuestAgentClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<GuestExecStatus> GuestExecStatusAsync(
        this GuestAgentClient client, long pid, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.ExecuteAsync(GuestExecStatus.With(new GuestExecStatusArguments { Pid = pid }), cancellationToken);
    }

    /// <summary>
    /// Executes <c>guest-shutdown</c>: shuts the guest down. It does not answer on success: the call returns when the command is sent (QEMU
    /// 0.15).
    /// </summary>
    /// <param name="client">The client of the agent.</param>
    /// <param name="mode"><c>powerdown</c>, <c>reboot</c> or <c>halt</c>; null for <c>powerdown</c>.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when the command is sent.</returns>
    /// <inheritdoc cref="GuestAgentClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task GuestShutdownAsync(
        this GuestAgentClient client, string? mode, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.ExecuteAsync(GuestShutdown.With(new GuestShutdownArguments { Mode = mode }), cancellationToken);
    }
}
