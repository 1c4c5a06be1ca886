using System.Text.Json;

namespace QmpBackup.Qmp.Tests;

/// <summary>A command as the server received it.</summary>
public sealed record FakeCommand(long Id, string Name, JsonElement Json, string Line);
