using System.Globalization;
using QmpBackup.Qmp;

namespace QmpBackup.Observing;

/// <summary>Finds out as which user QEMU runs.</summary>
internal static class ProcessReader
{
    public static VmProcess? Read(UnixPeerCredentials? peer)
    {
        if (peer is not { } credentials)
            return null;
        // The socket tells who listened first, which is root where QEMU dropped its privileges afterwards (-runas): ask the process itself.
        var (user, group) = (credentials.UserId, credentials.GroupId);
        try
        {
            foreach (var line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{credentials.ProcessId}/status")))
            {
                // Real, effective, saved and file-system id.
                if (line.StartsWith("Uid:", StringComparison.Ordinal))
                    user = FileSystemId(line) ?? user;
                if (line.StartsWith("Gid:", StringComparison.Ordinal))
                    group = FileSystemId(line) ?? group;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process namespace: what the socket said must do.
        }

        return new VmProcess(credentials.ProcessId, user, group) { IsQemu = IsQemu(credentials.ProcessId) };
    }

    private static bool IsQemu(int pid)
    {
        try
        {
            var program = Path.GetFileName(File.ResolveLinkTarget(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/exe"), returnFinalTarget: false)?.FullName ?? "");
            return program.Contains("qemu", StringComparison.Ordinal) || program.Contains("kvm", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static uint? FileSystemId(string line) =>
        uint.TryParse(line.Split('\t', StringSplitOptions.RemoveEmptyEntries)[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
}
