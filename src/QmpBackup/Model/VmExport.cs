namespace QmpBackup;

/// <summary>A block export in QEMU (QAPI <c>BlockExportInfo</c>).</summary>
/// <param name="Id">Its id.</param>
/// <param name="Type">Its type, such as <c>nbd</c>.</param>
/// <param name="NodeName">The node that it exports.</param>
internal sealed record VmExport(string Id, string Type, string NodeName);
