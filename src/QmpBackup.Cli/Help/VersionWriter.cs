using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using QmpBackup.Cli.Running;

namespace QmpBackup.Cli.Help;

/// <summary>Writes the version.</summary>
internal sealed class VersionWriter : SynchronousCommandLineAction
{
    public static string Version { get; } =
        typeof(VersionWriter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    public override int Invoke(ParseResult parseResult)
    {
        ((CliInvocation)parseResult.InvocationConfiguration).Console.Out.Write($"{CommandTree.Name} {Version}\n");
        return 0;
    }
}
