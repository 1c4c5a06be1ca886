using System.Text.Json;

namespace QmpBackup.Qmp;

/// <summary>The commands of QEMU's <c>qom</c> module: objects and their properties.</summary>
public static class QomCommands
{
    /// <summary><c>qom-list</c>: lists the properties and children of an object (QEMU 1.2).</summary>
    public static QmpCommand<QomListArguments, IReadOnlyList<ObjectPropertyInfo>> QomList { get; } =
        new("qom-list", QmpJsonContext.Default.QomListArguments, QmpJsonContext.Default.IReadOnlyListObjectPropertyInfo);

    /// <summary><c>qom-get</c>: reads a property of an object (QEMU 1.2).</summary>
    public static QmpCommand<QomGetArguments, JsonElement> QomGet { get; } =
        new("qom-get", QmpJsonContext.Default.QomGetArguments, QmpJsonContext.Default.JsonElement);

    /// <summary><c>qom-set</c>: sets a property of an object (QEMU 1.2).</summary>
    public static QmpCommand<QomSetArguments, QmpVoid> QomSet { get; } =
        new("qom-set", QmpJsonContext.Default.QomSetArguments, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>object-add</c>: creates an object (QEMU 2.0).</summary>
    public static QmpCommand<ObjectOptions, QmpVoid> ObjectAdd { get; } =
        new("object-add", QmpJsonContext.Default.ObjectOptions, QmpJsonContext.Default.QmpVoid);

    /// <summary><c>object-del</c>: removes an object that nothing uses (QEMU 2.0).</summary>
    public static QmpCommand<ObjectDelArguments, QmpVoid> ObjectDel { get; } =
        new("object-del", QmpJsonContext.Default.ObjectDelArguments, QmpJsonContext.Default.QmpVoid);

    /// <summary>Executes <c>qom-list</c>: lists the properties and children of an object (QEMU 1.2).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<IReadOnlyList<ObjectPropertyInfo>> QomListAsync(
        this IQmpClient client, QomListArguments arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QomList.With(arguments), cancellationToken);

    /// <summary>Executes <c>qom-list</c>: lists the properties and children of an object (QEMU 1.2).</summary>
    /// <param name="client">The session.</param>
    /// <param name="path">The path of the object, absolute or partial.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<IReadOnlyList<ObjectPropertyInfo>> QomListAsync(
        this IQmpClient client, string path, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QomList.With(new QomListArguments { Path = path }), cancellationToken);

    /// <summary>Executes <c>qom-get</c>: reads a property of an object (QEMU 1.2).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The value.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<JsonElement> QomGetAsync(
        this IQmpClient client, QomGetArguments arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QomGet.With(arguments), cancellationToken);

    /// <summary>Executes <c>qom-get</c>: reads a property of an object (QEMU 1.2).</summary>
    /// <param name="client">The session.</param>
    /// <param name="path">The path of the object, absolute or partial.</param>
    /// <param name="property">The name of the property.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The value.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task<JsonElement> QomGetAsync(
        this IQmpClient client, string path, string property, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QomGet.With(new QomGetArguments { Path = path, Property = property }), cancellationToken);

    /// <summary>Executes <c>qom-set</c>: sets a property of an object (QEMU 1.2).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task QomSetAsync(this IQmpClient client, QomSetArguments arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(QomSet.With(arguments), cancellationToken);

    /// <summary>Executes <c>qom-set</c>: sets a property of an object (QEMU 1.2).</summary>
    /// <param name="client">The session.</param>
    /// <param name="path">The path of the object, absolute or partial.</param>
    /// <param name="property">The name of the property.</param>
    /// <param name="value">The new value.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task QomSetAsync(
        this IQmpClient client, string path, string property, JsonElement value, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(
            QomSet.With(new QomSetArguments { Path = path, Property = property, Value = value }), cancellationToken);

    /// <summary>Executes <c>object-add</c>: creates an object (QEMU 2.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task ObjectAddAsync(this IQmpClient client, ObjectOptions arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(ObjectAdd.With(arguments), cancellationToken);

    /// <summary>Executes <c>object-del</c>: removes an object that nothing uses (QEMU 2.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task ObjectDelAsync(
        this IQmpClient client, ObjectDelArguments arguments, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(ObjectDel.With(arguments), cancellationToken);

    /// <summary>Executes <c>object-del</c>: removes an object that nothing uses (QEMU 2.0).</summary>
    /// <param name="client">The session.</param>
    /// <param name="id">The id of the object.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task ObjectDelAsync(this IQmpClient client, string id, CancellationToken cancellationToken = default) =>
        client.ThrowIfNull().ExecuteAsync(ObjectDel.With(new ObjectDelArguments { Id = id }), cancellationToken);

    /// <summary>Executes <c>qom-set</c> with a string, such as the name of a node for <c>drive</c> (QEMU 1.2).</summary>
    /// <param name="client">The session.</param>
    /// <param name="path">The path of the object, absolute or partial.</param>
    /// <param name="property">The name of the property.</param>
    /// <param name="value">The new value.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>A task that completes when QEMU has executed the command.</returns>
    /// <inheritdoc cref="IQmpClient.ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public static Task QomSetAsync(
        this IQmpClient client, string path, string property, string value, CancellationToken cancellationToken = default) =>
        client.QomSetAsync(
            path, property, JsonSerializer.SerializeToElement(value, QmpJsonContext.Default.String), cancellationToken);
}
