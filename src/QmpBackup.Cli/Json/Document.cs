using System.Text.Json.Serialization;

namespace QmpBackup.Cli.Json;

/// <summary>One JSON document on standard output or standard error. Later versions only add members.</summary>
internal abstract record Document
{
    [JsonPropertyOrder(-1)]
    public int SchemaVersion => 1;
}
