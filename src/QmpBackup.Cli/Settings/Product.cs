using System.Reflection;

namespace QmpBackup.Cli.Settings;

/// <summary>The command's name and version.</summary>
internal static class Product
{
    public const string Name = "qbackup";

    public static string Version { get; } =
        typeof(Product).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
            ?? "unknown";
}
