namespace QmpBackup.Transfer;

/// <summary>Blocks of a disk of which a file holds the bytes one after the other.</summary>
/// <param name="First">The first block.</param>
/// <param name="End">The block behind the last.</param>
/// <param name="Shift">How many blocks behind their place on the disk they are in the file.</param>
internal readonly record struct DataRun(long First, long End, long Shift);
