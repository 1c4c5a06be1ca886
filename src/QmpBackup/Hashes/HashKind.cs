namespace QmpBackup.Hashes;

/// <summary>What a point says of a run of blocks.</summary>
internal enum HashKind
{
    /// <summary>Nothing: they are the parent's, and zero where there is no parent.</summary>
    Inherited = 0,

    /// <summary>Each has a hash.</summary>
    Data = 1,

    /// <summary>They are zero.</summary>
    Zero = 2,
}
