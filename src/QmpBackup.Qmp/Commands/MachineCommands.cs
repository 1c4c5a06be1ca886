namespace QmpBackup.Qmp;

/// <summary>The commands of QEMU's <c>machine</c> module.</summary>
public static class MachineCommands
{
    /// <summary><c>query-uuid</c>: returns the UUID of the VM (QEMU 0.14).</summary>
    public static QmpCommand<UuidInfo> QueryUuid { get; } = new("query-uuid", QmpJsonContext.Default.UuidInfo);

    /// <summary><c>system_powerdown</c>: asks the guest to power down (QEMU 0.14).</summary>
    public static QmpCommand<QmpVoid> SystemPowerdown { get; } = new("system_powerdown", QmpJsonContext.Default.QmpVoid);

    /// <summary>Executes <c>query-uuid</c>: returns the UUID of the VM (QEMU 0.14).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<UuidInfo> QueryUuidAsync(this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QueryUuid.Request, cancellationToken);

    /// <summary>Executes <c>system_powerdown</c>: asks the guest to power down (QEMU 0.14).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task SystemPowerdownAsync(this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(SystemPowerdown.Request, cancellationToken);
}

/// <summary>The command of QEMU's <c>run-state</c> module.</summary>
public static class RunStateCommands
{
    /// <summary><c>query-status</c>: returns the run state of the VM (QEMU 0.14).</summary>
    public static QmpCommand<StatusInfo> QueryStatus { get; } = new("query-status", QmpJsonContext.Default.StatusInfo);

    /// <summary>Executes <c>query-status</c>: returns the run state of the VM (QEMU 0.14).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<StatusInfo> QueryStatusAsync(this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QueryStatus.Request, cancellationToken);
}

/// <summary>The commands of QEMU's <c>misc</c> module.</summary>
public static class MiscCommands
{
    /// <summary><c>query-name</c>: returns the name of the VM (QEMU 0.14).</summary>
    public static QmpCommand<NameInfo> QueryName { get; } = new("query-name", QmpJsonContext.Default.NameInfo);

    /// <summary><c>query-iothreads</c>: lists the I/O threads (QEMU 2.0).</summary>
    public static QmpCommand<IReadOnlyList<IOThreadInfo>> QueryIOThreads { get; } =
        new("query-iothreads", QmpJsonContext.Default.IReadOnlyListIOThreadInfo);

    /// <summary><c>stop</c>: stops the VM (QEMU 0.14).</summary>
    public static QmpCommand<QmpVoid> Stop { get; } = new("stop", QmpJsonContext.Default.QmpVoid);

    /// <summary><c>cont</c>: resumes the VM (QEMU 0.14).</summary>
    public static QmpCommand<QmpVoid> Cont { get; } = new("cont", QmpJsonContext.Default.QmpVoid);

    /// <summary>
    /// <c>human-monitor-command</c>: executes a command of the human monitor. Its failures are part of the
    /// returned text, not errors (QEMU 0.14).
    /// </summary>
    public static QmpCommand<HumanMonitorCommandArguments, string> HumanMonitorCommand { get; } =
        new("human-monitor-command", QmpJsonContext.Default.HumanMonitorCommandArguments, QmpJsonContext.Default.String);

    /// <summary>Executes <c>query-name</c>: returns the name of the VM (QEMU 0.14).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<NameInfo> QueryNameAsync(this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QueryName.Request, cancellationToken);

    /// <summary>Executes <c>query-iothreads</c>: lists the I/O threads (QEMU 2.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<IReadOnlyList<IOThreadInfo>> QueryIOThreadsAsync(
        this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QueryIOThreads.Request, cancellationToken);

    /// <summary>Executes <c>stop</c>: stops the VM (QEMU 0.14).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task StopAsync(this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(Stop.Request, cancellationToken);

    /// <summary>Executes <c>cont</c>: resumes the VM (QEMU 0.14).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task ContAsync(this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(Cont.Request, cancellationToken);

    /// <summary>
    /// Executes <c>human-monitor-command</c>: executes a command of the human monitor. Its failures are part of
    /// the returned text, not errors (QEMU 0.14).
    /// </summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The output of the human monitor.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<string> HumanMonitorCommandAsync(
        this IQmpClient client, HumanMonitorCommandArguments arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(HumanMonitorCommand.With(arguments), cancellationToken);

    /// <summary>
    /// Executes <c>human-monitor-command</c>: executes a command of the human monitor. Its failures are part of
    /// the returned text, not errors (QEMU 0.14).
    /// </summary>
    /// <param name="client">The session.</param>
    /// <param name="commandLine">The command line, as typed at the human monitor.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The output of the human monitor.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<string> HumanMonitorCommandAsync(
        this IQmpClient client, string commandLine, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(
            HumanMonitorCommand.With(new HumanMonitorCommandArguments { CommandLine = commandLine }), cancellationToken);
}
