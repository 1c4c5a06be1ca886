using System.CommandLine;

namespace QmpBackup.Cli.Options;

/// <summary>Which disks.</summary>
internal static class DiskOptions
{
    public static readonly Option<string[]> Disk = new("--disk")
    {
        Description = "A disk to take, by node name or id of the guest device; may be given more than once. Default: every disk that the guest can write.",
        HelpName = "NAME",
        Arity = ArgumentArity.OneOrMore,
    };

    public static readonly Option<string[]> Exclude = new("--exclude")
    {
        Description = "A disk to leave out; may be given more than once.",
        HelpName = "NAME",
        Arity = ArgumentArity.OneOrMore,
    };
}
