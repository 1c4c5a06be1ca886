namespace QmpBackup.Cli.Json;

/// <summary>What <c>finish</c> and <c>abort</c> print. The session is null where nothing was open.</summary>
internal sealed record CloseDocument(string Action, ClosedSessionDto? Session, string Summary, IReadOnlyList<string> Remarks) : Document;
