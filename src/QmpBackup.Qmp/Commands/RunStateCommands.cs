namespace QmpBackup.Qmp;

/// <summary>The command of QEMU's <c>run-state</c> module.</summary>
public static class RunStateCommands
{
    /// <summary><c>query-status</c>: tells whether the VM runs (QEMU 0.14).</summary>
    public static QmpCommand<StatusInfo> QueryStatus { get; } = new("query-status", QmpJsonContext.Default.StatusInfo);

    /// <summary>Executes <c>query-status</c>: tells whether the VM runs (QEMU 0.14).</summary>
    /// <param name="client">The session.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<StatusInfo> QueryStatusAsync(this IQmpClient client, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QueryStatus.Request, cancellationToken);
}
