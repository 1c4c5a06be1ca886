namespace QmpBackup.Qmp;

/// <summary>A stream does not hold the JSON objects that were expected of it.</summary>
internal sealed class JsonFrameException(JsonFrameFault fault, string message) : Exception(message)
{
    public JsonFrameFault Fault { get; } = fault;
}
