namespace QmpBackup.Cli.Json;

/// <summary>Writes advice of the library with the names of commands and options.</summary>
internal static class AdviceText
{
    public static string Of(Advice advice) => advice.Word(Name);

    private static string Name(Feature feature) => feature switch
    {
        Feature.Program => "qbackup",
        Feature.Start => "'qbackup start'",
        Feature.Pull => "'qbackup pull'",
        Feature.Finish => "'qbackup finish'",
        Feature.Abort => "'qbackup abort'",
        Feature.Run => "'qbackup run'",
        Feature.Status => "'qbackup status'",
        Feature.Inspect => "'qbackup inspect'",
        Feature.ListBitmaps => "'qbackup bitmap list'",
        Feature.QueryExports => "'qbackup qmp query-block-exports'",
        Feature.QueryJobs => "'qbackup qmp query-jobs'",
        Feature.List => "'qbackup list'",
        Feature.Verify => "'qbackup verify'",
        Feature.Thaw => "'qbackup thaw --agent …'",
        Feature.Disk => "--disk",
        Feature.Exclude => "--exclude",
        Feature.Strict => "--strict",
        Feature.Level => "--level",
        Feature.Since => "--since",
        Feature.Fleecing => "--fleecing",
        Feature.ScratchDirectory => "--scratch-dir",
        Feature.IgnoreSpace => "--no-space-check",
        Feature.ForceStart => "--force",
        Feature.Nbd => "--nbd",
        Feature.PullNbd => "--nbd",
        Feature.TlsCreds => "--tls-creds",
        Feature.TlsCertificates => "--tls-certificates",
        Feature.Freeze => "--freeze",
        Feature.Repository => "--repo",
        Feature.Vm => "--vm",
        Feature.Chain => "--chain",
        Feature.NewRepository => "--new-repo",
        Feature.Adopt => "--adopt",
        Feature.TrustFolders => "--trust-repository",
        Feature.Overwrite => "--force",
        Feature.BitmapDisk => "--disk",
        Feature.ForceBitmap => "--force",
        Feature.Prune => "'qbackup prune'",
        Feature.Unpin => "'qbackup unpin'",
        Feature.KeepDaily => "--keep-daily",
        Feature.RemovePoint => "--point",
        Feature.SignKey => "--sign-key",
        Feature.KeepInMemory => "--no-persistent",
        _ => throw new ArgumentOutOfRangeException(nameof(feature), feature, "The command has no name for this feature."),
    };
}
