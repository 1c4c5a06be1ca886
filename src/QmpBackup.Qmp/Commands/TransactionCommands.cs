namespace QmpBackup.Qmp;

/// <summary>The command of QEMU's <c>transaction</c> module.</summary>
public static class TransactionCommands
{
    /// <summary><c>transaction</c>: carries out all actions at one point in time, or none (QEMU 1.1).</summary>
    public static QmpCommand<TransactionArguments, QmpVoid> Transaction { get; } =
        new("transaction", QmpJsonContext.Default.TransactionArguments, QmpJsonContext.Default.QmpVoid);

    /// <summary>Executes <c>transaction</c>: carries out all actions at one point in time, or none (QEMU 1.1).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <returns>A task that completes when QEMU has carried it out.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task TransactionAsync(
        this IQmpClient client, TransactionArguments arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(Transaction.With(arguments), cancellationToken);

    /// <summary>Executes <c>transaction</c>: carries out all actions at one point in time, or none (QEMU 1.1).</summary>
    /// <param name="client">The session.</param>
    /// <param name="actions">The actions, carried out in this order.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <returns>A task that completes when QEMU has carried it out.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task TransactionAsync(
        this IQmpClient client, IReadOnlyList<TransactionAction> actions, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(Transaction.With(new TransactionArguments { Actions = actions }), cancellationToken);
}
