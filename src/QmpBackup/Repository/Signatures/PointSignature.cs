namespace QmpBackup;

/// <summary>The signature of a point: over all of its <c>POINT.json</c>, and through the roots in it over every block of its disks.</summary>
public sealed record PointSignature
{
    /// <summary>The kind of signature: <see cref="SigningKey.Algorithm"/>.</summary>
    public required string Algorithm { get; init; }

    /// <summary>Which key signed it, see <see cref="SigningKey.Id"/>: it says which key to look for, and proves nothing.</summary>
    public required string Key { get; init; }

    /// <summary>The signature, in hexadecimal digits.</summary>
    public required string Value { get; init; }
}

/// <summary>What is known of a point's signature.</summary>
public enum SignatureState
{
    /// <summary>It has none.</summary>
    None,

    /// <summary>It has one, and there was no key to check it with.</summary>
    Unchecked,

    /// <summary>It is that of the key.</summary>
    Valid,

    /// <summary>It is not that of the key, or of a point of another VM or chain.</summary>
    Wrong,
}
