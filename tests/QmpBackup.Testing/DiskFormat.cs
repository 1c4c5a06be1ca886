namespace QmpBackup.Testing;

/// <summary>Format of a test disk.</summary>
public enum DiskFormat
{
    /// <summary>qcow2 version 3.</summary>
    Qcow2,

    /// <summary>qcow2 version 2, which cannot store bitmaps.</summary>
    Qcow2V2,

    /// <summary>raw.</summary>
    Raw,
}
