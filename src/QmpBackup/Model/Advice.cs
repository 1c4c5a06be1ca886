using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace QmpBackup;

/// <summary>
/// A text for people, one or two sentences long, that can name features of this library: what to do about a failure, or a fact about a VM.
/// A program with its own names for the features, such as commands and options, writes it with <see cref="Word"/>.
/// </summary>
public sealed class Advice : IEquatable<Advice>
{
    private readonly ImmutableArray<(string Text, Feature? Feature)> _parts;

    private Advice(ImmutableArray<(string Text, Feature? Feature)> parts) => _parts = parts;

    /// <summary>The features that the advice names, in order.</summary>
    public IEnumerable<Feature> Features => _parts.Select(p => p.Feature).OfType<Feature>();

    /// <summary>Makes advice that names no feature.</summary>
    /// <param name="text">The text.</param>
    [return: NotNullIfNotNull(nameof(text))]
    public static implicit operator Advice?(string? text) => text is null ? null : FromString(text);

    /// <summary>Makes advice that names no feature.</summary>
    /// <param name="text">The text.</param>
    public static Advice FromString(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new Advice([(text, null)]);
    }

    /// <summary>Writes the advice in the words of a program.</summary>
    /// <param name="name">How the program calls a feature.</param>
    public string Word(Func<Feature, string> name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return string.Concat(_parts.Select(p => p.Feature is { } feature ? name(feature) : p.Text));
    }

    /// <summary>The advice with this library's own names: classes, methods and properties.</summary>
    public override string ToString() => Word(FeatureNames.Of);

    /// <inheritdoc/>
    public bool Equals(Advice? other) => other is not null && _parts.SequenceEqual(other._parts);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Advice);

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <summary>
    /// Makes advice from an interpolated text with features in it. Always write it directly: a string would lose the features.
    /// </summary>
    internal static Advice Of(Builder text) => text.Build();

    /// <summary>Collects the parts of an interpolated text.</summary>
    [InterpolatedStringHandler]
    internal sealed class Builder(int literalLength, int holes)
    {
        private readonly StringBuilder _text = new(literalLength);
        private readonly ImmutableArray<(string, Feature?)>.Builder _parts = ImmutableArray.CreateBuilder<(string,
            Feature?)>((2 * holes) + 1);

        public void AppendLiteral(string text) => _text.Append(text);

        public void AppendFormatted<T>(T value) => _text.Append(CultureInfo.InvariantCulture, $"{value}");

        public void AppendFormatted(Feature feature)
        {
            EndText();
            _parts.Add(("", feature));
        }

        public Advice Build()
        {
            EndText();
            return new Advice(_parts.ToImmutable());
        }

        private void EndText()
        {
            if (_text.Length > 0)
                _parts.Add((_text.ToString(), null));
            _text.Clear();
        }
    }
}

/// <summary>What an <see cref="Advice"/> can name: an operation or a setting of this library.</summary>
public enum Feature
{
    /// <summary>The program that uses this library.</summary>
    Program,

    /// <summary>Opens a backup.</summary>
    Start,

    /// <summary>Copies an open backup into a repository.</summary>
    Pull,

    /// <summary>Closes a backup whose data is safe.</summary>
    Finish,

    /// <summary>Closes a backup as if it had never been started.</summary>
    Abort,

    /// <summary>Takes a whole backup.</summary>
    Run,

    /// <summary>Shows the open backup and the chains.</summary>
    Status,

    /// <summary>Shows the disks of a VM.</summary>
    Inspect,

    /// <summary>Shows the bitmaps of a VM.</summary>
    ListBitmaps,

    /// <summary>Shows the NBD exports of a VM.</summary>
    QueryExports,

    /// <summary>Shows the jobs of a VM.</summary>
    QueryJobs,

    /// <summary>Shows what a repository holds.</summary>
    List,

    /// <summary>Verifies points of a repository.</summary>
    Verify,

    /// <summary>Thaws a guest.</summary>
    Thaw,

    /// <summary>Names the disks to take.</summary>
    Disk,

    /// <summary>Names disks to leave out.</summary>
    Exclude,

    /// <summary>Fails if a disk cannot be backed up.</summary>
    Strict,

    /// <summary>Chooses the level.</summary>
    Level,

    /// <summary>Names the parent of the backup.</summary>
    Since,

    /// <summary>Chooses how the point in time is held.</summary>
    Fleecing,

    /// <summary>Names the scratch directory.</summary>
    ScratchDirectory,

    /// <summary>Starts although the scratch directory has little space.</summary>
    IgnoreSpace,

    /// <summary>Starts although QEMU is known to abort.</summary>
    ForceStart,

    /// <summary>Names the address of the NBD server.</summary>
    Nbd,

    /// <summary>Names the NBD server that a pull reads from.</summary>
    PullNbd,

    /// <summary>Names the TLS credentials of the NBD server.</summary>
    TlsCreds,

    /// <summary>Names the TLS certificates of the NBD client.</summary>
    TlsCertificates,

    /// <summary>Chooses whether the guest is frozen.</summary>
    Freeze,

    /// <summary>Names the repository.</summary>
    Repository,

    /// <summary>Names the VM in the repository.</summary>
    Vm,

    /// <summary>Names the chain.</summary>
    Chain,

    /// <summary>Begins a repository although the VM has a checkpoint.</summary>
    NewRepository,

    /// <summary>Continues the chain of a VM with another UUID.</summary>
    Adopt,

    /// <summary>Accepts folders that other users can write.</summary>
    TrustFolders,

    /// <summary>Replaces what a restore would otherwise keep.</summary>
    Overwrite,

    /// <summary>Names the disk or node whose bitmap is meant.</summary>
    BitmapDisk,

    /// <summary>Changes a bitmap that backups rely on.</summary>
    ForceBitmap,

    /// <summary>Keeps a bitmap in QEMU's memory only.</summary>
    KeepInMemory,

    /// <summary>Removes points by rules.</summary>
    Prune,

    /// <summary>Releases a pinned point.</summary>
    Unpin,

    /// <summary>Keeps the newest points of some days.</summary>
    KeepDaily,

    /// <summary>Names a point to remove.</summary>
    RemovePoint,

    /// <summary>Names the key that signs points.</summary>
    SignKey,
}

/// <summary>The names of features in this library.</summary>
file static class FeatureNames
{
    public static string Of(Feature feature) => feature switch
    {
        Feature.Program => "this program",
        Feature.Start => "BackupWorkflow.StartAsync",
        Feature.Pull => "PointPuller.PullAsync",
        Feature.Finish => "BackupWorkflow.FinishAsync",
        Feature.Abort => "BackupWorkflow.AbortAsync",
        Feature.Run => "BackupRunner.RunAsync",
        Feature.Status => "BackupWorkflow.GetStatusAsync",
        Feature.Inspect => "BackupWorkflow.InspectAsync",
        Feature.ListBitmaps => "BackupWorkflow.ListBitmapsAsync",
        Feature.QueryExports => "QMP query-block-exports",
        Feature.QueryJobs => "QMP query-jobs",
        Feature.List => "BackupRepository.GetChains",
        Feature.Prune => "RepositoryPruner.ExecuteAsync",
        Feature.Unpin => "RepositoryChain.SetPinned",
        Feature.KeepDaily => "RetentionPolicy.KeepDaily",
        Feature.RemovePoint => "RetentionPolicy.Remove",
        Feature.SignKey => "PruneOptions.SignKey",
        Feature.Verify => "RepositoryVerifier.VerifyAsync",
        Feature.Thaw => "AgentFreezer.ThawAsync",
        Feature.Disk => "StartRequest.Disks",
        Feature.Exclude => "StartRequest.Exclude",
        Feature.Strict => "StartRequest.IsStrict",
        Feature.Level => "StartRequest.Level",
        Feature.Since => "StartRequest.Since",
        Feature.Fleecing => "StartRequest.Fleecing",
        Feature.ScratchDirectory => "StartRequest.ScratchDirectory",
        Feature.IgnoreSpace => "StartRequest.IgnoresSpace",
        Feature.ForceStart => "StartRequest.Force",
        Feature.Nbd => "StartRequest.Nbd",
        Feature.PullNbd => "PullOptions.NbdServer",
        Feature.TlsCreds => "StartRequest.TlsCreds",
        Feature.TlsCertificates => "NbdClientOptions.Tls",
        Feature.Freeze => "FreezeRequest.Mode",
        Feature.Repository => "the path",
        Feature.Vm => "the vm argument",
        Feature.Chain => "StartRequest.Chain",
        Feature.NewRepository => "PullOptions.NewRepository",
        Feature.Adopt => "PullOptions.Adopt",
        Feature.TrustFolders => "trustFolders",
        Feature.Overwrite => "the force argument",
        Feature.BitmapDisk => "BitmapRequest.Disk",
        Feature.ForceBitmap => "BitmapRequest.Force",
        Feature.KeepInMemory => "BitmapRequest.IsPersistent",
        _ => throw new ArgumentOutOfRangeException(nameof(feature), feature, "There is no such feature."),
    };
}
