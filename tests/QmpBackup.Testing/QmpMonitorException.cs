namespace QmpBackup.Testing;

/// <summary>QEMU answered the tests' own monitor with an error.</summary>
public sealed class QmpMonitorException(string command, string errorClass, string description)
    : Exception($"{command}: {errorClass}: {description}")
{
    /// <summary>For example GenericError.</summary>
    public string ErrorClass { get; } = errorClass;

    /// <summary>QEMU's text.</summary>
    public string Description { get; } = description;
}
