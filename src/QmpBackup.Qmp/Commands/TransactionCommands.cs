namespace QmpBackup.Qmp;

/// <summary>The command of QEMU's <c>transaction</c> module.</summary>
public static class TransactionCommands
{
    /// <summary><c>transaction</c>: executes all actions at one point in time, or none (QEMU 1.1).</summary>
    public static QmpCommand<TransactionArguments, QmpVoid> Transaction { get; } =
        new("transaction", QmpJsonContext.Default.TransactionArguments, QmpJsonContext.Default.QmpVoid);

    /// <summary>Executes <c>transaction</c>: executes all actions at one point in time, or none (QEMU 1.1).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task TransactionAsync(
        this IQmpClient client, TransactionArguments arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(Transaction.With(arguments), cancellationToken);

    /// <summary>Executes <c>transaction</c>: executes all actions at one point in time, or none (QEMU 1.1).</summary>
    /// <param name="client">The session.</param>
    /// <param name="actions">The actions, in this order.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task TransactionAsync(
        this IQmpClient client, IReadOnlyList<TransactionAction> actions, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(Transaction.With(new TransactionArguments { Actions = actions }), cancellationToken);
}
