using System.Globalization;

namespace QmpBackup.Benchmarks;

/// <summary>name=value arguments with defaults.</summary>
internal sealed class Arguments(string[] args)
{
    internal string Text(string name, string defaultValue) =>
        args.LastOrDefault(arg => arg.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? defaultValue;

    internal int Number(string name, int defaultValue) =>
        int.Parse(Text(name, defaultValue.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);
}
