namespace QmpBackup;

/// <summary>Which level is wanted.</summary>
public enum LevelChoice
{
    /// <summary>Incremental for every disk where that is sound, else full, with the reason.</summary>
    Auto,

    /// <summary>Everything.</summary>
    Full,

    /// <summary>Incremental, or nothing at all if that is not sound for every disk.</summary>
    Incremental,

    /// <summary>Everything, and no chain takes notice of it.</summary>
    Copy,
}
