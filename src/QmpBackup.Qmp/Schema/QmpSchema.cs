using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The schema of a QEMU: the answer to <c>query-qmp-schema</c>. Use it instead of comparing versions.</summary>
/// <remarks>
/// <para>
/// Some methods take a path into the arguments of a command: names of members, separated by <c>/</c>, such as
/// <c>actions/data/granularity</c>. The path does not name lists and alternates.
/// </para>
/// <para>
/// In a union the path finds a member of any branch. To select one branch, write its discriminator and value before the member:
/// <c>driver=copy-before-write/on-cbw-error</c>, <c>actions/type=blockdev-backup/data/filter-node-name</c>.
/// </para>
/// </remarks>
[JsonConverter(typeof(QmpSchemaConverter))]
public sealed partial class QmpSchema
{
    private readonly FrozenDictionary<string, SchemaEntity> _entities;

    internal QmpSchema(IEnumerable<SchemaEntity> entities)
    {
        // Names are unique. If a peer repeats one, the last one counts.
        var byName = new Dictionary<string, SchemaEntity>(StringComparer.Ordinal);
        foreach (var entity in entities)
            byName[entity.Name] = entity;
        _entities = byName.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The names of all commands, in alphabetical order.</summary>
    public IReadOnlyList<string> Commands => [.. NamesOf("command")];

    /// <summary>The names of all events, in alphabetical order.</summary>
    public IReadOnlyList<string> Events => [.. NamesOf("event")];

    /// <summary>
    /// Whether <c>block-export-add</c> takes a bitmap with the name of its node (QEMU 7.1): that finds bitmaps which a plain name does not.
    /// </summary>
    public bool SupportsBitmapNodeReference => HasArgument("block-export-add", "type=nbd/bitmaps/node");

    /// <summary>Reads a schema.</summary>
    /// <param name="schema">The value of <c>return</c> of <c>query-qmp-schema</c>: a JSON array.</param>
    /// <returns>The schema.</returns>
    /// <exception cref="JsonException">The JSON is not a schema.</exception>
    public static QmpSchema Parse(JsonElement schema) =>
        schema.Deserialize(QmpSchemaJsonContext.Default.QmpSchema) ?? throw new UnexpectedJsonException("The schema is null.");

    /// <summary>Whether QEMU has a command.</summary>
    /// <param name="command">The name of the command.</param>
    /// <returns>True when it exists.</returns>
    public bool HasCommand(string command) => Find(command, "command") is not null;

    /// <summary>Whether QEMU has an event.</summary>
    /// <param name="eventName">The name of the event.</param>
    /// <returns>True when it exists.</returns>
    public bool HasEvent(string eventName) => Find(eventName, "event") is not null;

    /// <summary>Whether a command has a feature flag, such as <c>unstable</c> or <c>deprecated</c>.</summary>
    /// <param name="command">The name of the command.</param>
    /// <param name="feature">The name of the feature.</param>
    /// <returns>True when it has.</returns>
    public bool HasFeature(string command, string feature) =>
        Find(command, "command") is { } entity && entity.Features.Contains(feature, StringComparer.Ordinal);

    /// <summary>Whether a command takes an argument.</summary>
    /// <param name="command">The name of the command.</param>
    /// <param name="path">The argument, or a path to a member inside one; see the remarks of this class.</param>
    /// <returns>True when it does.</returns>
    public bool HasArgument(string command, string path) => Resolve(command, path, arguments: true).Count > 0;

    /// <summary>Whether the answer of a command has a member.</summary>
    /// <param name="command">The name of the command.</param>
    /// <param name="path">The member, or a path to one; see the remarks of this class.</param>
    /// <returns>True when it does.</returns>
    public bool HasResult(string command, string path) => Resolve(command, path, arguments: false).Count > 0;

    /// <summary>Whether an enumeration in the arguments of a command has a value.</summary>
    /// <param name="command">The name of the command.</param>
    /// <param name="path">The argument, or a path to a member inside one; see the remarks of this class.</param>
    /// <param name="value">The value.</param>
    /// <returns>True when it does.</returns>
    public bool HasEnumValue(string command, string path, string value) =>
        Resolve(command, path, arguments: true).Any(entity => entity.Values.Contains(value, StringComparer.Ordinal));

    /// <summary>Whether <c>blockdev-add</c> has a driver.</summary>
    /// <param name="driver">The driver, such as <c>snapshot-access</c>.</param>
    /// <returns>True when it has.</returns>
    public bool HasBlockdevDriver(string driver) => HasEnumValue("blockdev-add", "driver", driver);

    /// <summary>Whether <c>transaction</c> has an action.</summary>
    /// <param name="action">The action, such as <c>blockdev-backup</c>.</param>
    /// <returns>True when it has.</returns>
    public bool HasTransactionAction(string action) => HasEnumValue("transaction", "actions/type", action);

    /// <summary>Whether <c>object-add</c> has a type of object.</summary>
    /// <param name="qomType">The type, such as <c>tls-creds-x509</c>.</param>
    /// <returns>True when it has.</returns>
    public bool HasObjectType(string qomType) => HasEnumValue("object-add", "qom-type", qomType);

    private IEnumerable<string> NamesOf(string metaType) => _entities.Values
        .Where(entity => string.Equals(entity.MetaType, metaType, StringComparison.Ordinal))
        .Select(static entity => entity.Name)
        .Order(StringComparer.Ordinal);

    private SchemaEntity? Find(string name, string metaType)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _entities.TryGetValue(name, out var entity)
            && string.Equals(entity.MetaType, metaType, StringComparison.Ordinal) ? entity : null;
    }

    /// <summary>The types at the end of a path: several, when branches of a union have a member of the same name.</summary>
    private List<SchemaEntity> Resolve(string command, string path, bool arguments)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Find(command, "command") is not { } entity)
            return [];
        var root = arguments ? entity.ArgumentType : entity.ResultType;
        List<SchemaEntity> current = root is null ? [] : [.. Flatten(root)];
        foreach (var step in path.Split('/'))
        {
            var equals = step.IndexOf('=', StringComparison.Ordinal);
            current = equals < 0
                ? [.. current.SelectMany(type => Members(type, step)).SelectMany(Flatten)]
                : [.. current.SelectMany(type => Branch(type, step[..equals], step[(equals + 1)..])).SelectMany(Flatten)];
            if (current.Count == 0)
                break;
        }

        return current;
    }

    /// <summary>The types behind a name: lists are replaced by their elements, alternates by each of their types.</summary>
    private HashSet<SchemaEntity> Flatten(string typeName)
    {
        var found = new HashSet<SchemaEntity>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([typeName]);
        while (open.TryPop(out var name))
        {
            if (!seen.Add(name) || !_entities.TryGetValue(name, out var entity))
                continue;
            if (entity.ElementType is { } element)
                open.Push(element);
            else if (entity.MetaType == "alternate")
                entity.Members.ForEach(member => open.Push(member.Type));
            else
                found.Add(entity);
        }

        return found;
    }

    private IEnumerable<string> Members(SchemaEntity type, string name)
    {
        foreach (var member in type.Members)
        {
            if (string.Equals(member.Name, name, StringComparison.Ordinal))
                yield return member.Type;
        }

        // In the schema of QEMU branches have no branches of their own, but that is possible.
        foreach (var branch in type.Variants.SelectMany(variant => Flatten(variant.Type)))
        {
            foreach (var member in branch.Members)
            {
                if (string.Equals(member.Name, name, StringComparison.Ordinal))
                    yield return member.Type;
            }
        }
    }

    private static IEnumerable<string> Branch(SchemaEntity type, string discriminator, string value) =>
        string.Equals(type.Tag, discriminator, StringComparison.Ordinal)
            ? type.Variants
                .Where(variant => string.Equals(variant.Name, value, StringComparison.Ordinal))
                .Select(static variant => variant.Type)
            : [];
}
