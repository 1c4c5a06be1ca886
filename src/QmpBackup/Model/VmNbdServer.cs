using QmpBackup.Nbd;

namespace QmpBackup;

/// <summary>The NBD server that a storage daemon was started with. QEMU does not tell of it: its command line does.</summary>
/// <param name="Address">Where it listens.</param>
/// <param name="Tls">Whether it wants TLS.</param>
internal sealed record VmNbdServer(NbdEndpoint Address, bool Tls);
