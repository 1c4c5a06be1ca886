using System.CommandLine;

namespace QmpBackup.Cli.Help;

/// <summary>A command with what its help shows besides its options.</summary>
internal sealed class CliCommand(string name, string description) : Command(name, description)
{
    /// <summary>Calls that a person can copy, each with what it does.</summary>
    public IReadOnlyList<(string Call, string Meaning)> Examples { get; init; } = [];

    /// <summary>What else is to be known, in sentences.</summary>
    public string? Remarks { get; init; }
}
