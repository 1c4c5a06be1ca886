using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using QmpBackup.Model;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Observing;

/// <summary>
/// Finds out what a QEMU can do. Its schema says so, but to write and to read that takes longer than all the rest of an observation: so
/// only the answers are kept, for the session and in a <see cref="FeatureCache"/>, and where commands are all that matters, QEMU is asked
/// for their names.
/// </summary>
internal static class FeatureReader
{
    private const string Command = "command ";

    // The name of each question is its key in the cache: a new or changed question needs a new name.
    private static readonly FrozenDictionary<string, Func<QmpSchema, bool>> Questions = new Dictionary<string, Func<QmpSchema, bool>>
    {
        ["exports bitmaps by node"] = static schema => schema.SupportsBitmapNodeReference,
        ["driver snapshot-access"] = static schema => schema.HasBlockdevDriver("snapshot-access"),
        ["blockdev-backup on-cbw-error"] = static schema => schema.HasArgument("blockdev-backup", "on-cbw-error"),
        ["object-add monitor-qmp"] = static schema => schema.HasArgument("object-add", "qom-type=monitor-qmp/close-action"),
        ["nbd-server-start max-connections"] = static schema => schema.HasArgument("nbd-server-start", "max-connections"),
    }.Concat(QemuFeatures.KnownCommands.Select(name => KeyValuePair.Create(
        Command + name, (Func<QmpSchema, bool>)(schema => schema.HasCommand(name))))).ToFrozenDictionary();

    private static readonly ConditionalWeakTable<IQmpClient, QemuFeatures> Known = [];

    /// <summary>Everything that qbackup asks a schema. It is kept for the session, and in the cache.</summary>
    /// <param name="client">The session.</param>
    /// <param name="cache">Where the answers of other sessions are; null for nowhere.</param>
    /// <param name="commandsOnly">Whether, where nothing is kept, only the commands have to be known.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public static async Task<QemuFeatures> ReadAsync(
        IQmpClient client, FeatureCache? cache, bool commandsOnly, CancellationToken cancellationToken)
    {
        if (Known.TryGetValue(client, out var known))
            return known;
        var answers = cache?.Find(client, Questions.Keys);
        if (answers is null && commandsOnly)
        {
            var names = (await client.QueryCommandsAsync(cancellationToken).ConfigureAwait(false)).Select(c => c.Name).ToHashSet();
            return QemuFeatures.OfCommands(names.Contains);
        }

        if (answers is null)
        {
            var schema = await client.GetSchemaAsync(cancellationToken).ConfigureAwait(false);
            answers = Questions.ToDictionary(question => question.Key, question => question.Value(schema));
            cache?.Keep(client, answers);
        }

        return Known.GetValue(client, _ => QemuFeatures.OfCommands(name => answers[Command + name]) with
        {
            ExportsBitmapsByNode = answers["exports bitmaps by node"],
            HasSnapshotAccess = answers["driver snapshot-access"],
            BackupHasOnCbwError = answers["blockdev-backup on-cbw-error"],
            MakesMonitors = answers["object-add monitor-qmp"],
            NbdServerHasMaxConnections = answers["nbd-server-start max-connections"],
        });
    }
}
