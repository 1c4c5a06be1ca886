namespace QmpBackup.Qmp;

/// <summary>The commands of QEMU's <c>machine</c> module.</summary>
public static class MachineCommands
{
    /// <summary><c>query-uuid</c>: tells the UUID of the VM (QEMU 0.14).</summary>
    public static QmpCommand<UuidInfo> QueryUuid { get; } = new("query-uuid", QmpJsonContext.Default.UuidInfo);

    /// <summary><c>system_powerdown</c>: asks the guest to power down (QEMU 0.14).</summary>
    public static QmpCommand<QmpVoid> SystemPowerdown { get; } = new("system_powerdown", QmpJsonContext.Default.QmpVoid);

    /// <summary>Executes <c>query-uuid</c>: tells the UUID of the VM (QEMU 0.14).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<UuidInfo> QueryUuidAsync(this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QueryUuid.Request, cancellationToken);

    /// <summary>Executes <c>system_powerdown</c>: asks the guest to power down (QEMU 0.14).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <returns>A task that completes when QEMU has carried it out.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task SystemPowerdownAsync(this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(SystemPowerdown.Request, cancellationToken);
}
