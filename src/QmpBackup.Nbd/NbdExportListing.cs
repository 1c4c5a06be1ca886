namespace QmpBackup.Nbd;

/// <summary>An export as <c>NBD_OPT_LIST</c> names it.</summary>
/// <param name="Name">The name to connect with.</param>
/// <param name="Description">A text for people, as the server sent it; empty if it sent none. Escape it before showing it.</param>
public sealed record NbdExportListing(string Name, string Description);
