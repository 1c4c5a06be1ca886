using System.Globalization;
using System.Text;
using System.Text.Json;
using QmpBackup.Host;
using QmpBackup.Model;
using QmpBackup.Nbd;
using QmpBackup.Qmp;

namespace QmpBackup.Observing;

/// <summary>Finds out as which user QEMU runs.</summary>
internal static class ProcessReader
{
    public static VmProcess? Read(UnixPeerCredentials? peer)
    {
        if (peer is not { } credentials)
            return null;
        // The socket shows the user that began to listen. QEMU may have dropped its privileges afterwards (-runas): ask the process itself.
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
            // Another process namespace: the socket's values are all there is.
        }

        return new VmProcess(credentials.ProcessId, user, group)
        {
            IsQemu = IsQemu(credentials.ProcessId),
            BeganAt = ProcessAge.BeganAt(credentials.ProcessId) ?? 0,
        };
    }

    private static bool IsQemu(int pid)
    {
        try
        {
            var program = Path.GetFileName(File.ResolveLinkTarget(
                string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/exe"), returnFinalTarget: false)?.FullName ?? "");
            return program.Contains("qemu", StringComparison.Ordinal) || program.Contains("kvm", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static uint? FileSystemId(string line) =>
        uint.TryParse(line.Split('\t', StringSplitOptions.RemoveEmptyEntries)[^1], NumberStyles.None, CultureInfo.InvariantCulture,
            out var id) ? id : null;
}

/// <summary>Reads off the command line of a storage daemon where its NBD server listens.</summary>
internal static class NbdServerReader
{
    private const string Option = "--nbd-server";
    private const int LongestCommandLine = 1 << 20;

    /// <summary>Reads it.</summary>
    /// <param name="process">The storage daemon.</param>
    /// <returns>The server; null where none was asked for, or this cannot be told.</returns>
    public static VmNbdServer? Read(VmProcess process)
    {
        try
        {
            using var file = File.OpenRead(string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Pid}/cmdline"));
            var bytes = new byte[LongestCommandLine];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return Parse(Encoding.UTF8.GetString(bytes, 0, length).Split('\0'));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads it off the arguments.</summary>
    /// <param name="arguments">The arguments.</param>
    public static VmNbdServer? Parse(IReadOnlyList<string> arguments)
    {
        string? value = null;
        for (var i = 0; i < arguments.Count; i++)
        {
            if (arguments[i] == Option && i + 1 < arguments.Count)
                value = arguments[i + 1];
            else if (arguments[i].StartsWith(Option + "=", StringComparison.Ordinal))
                value = arguments[i][(Option.Length + 1)..];
        }

        if (value is null)
            return null;
        var members = value.StartsWith('{') ? OfJson(value) : OfKeys(value);
        string? Get(string key) => members.GetValueOrDefault(key);
        var address = Get("addr.type") switch
        {
            "unix" => Get("addr.path") is ['/', ..] and var path ? NbdEndpoint.Unix(path) : null,
            "inet" when int.TryParse(Get("addr.port"), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                && port is > 0 and < 65536 && Get("addr.host") is { Length: > 0 } host
                => NbdEndpoint.Tcp(host is "0.0.0.0" ? "127.0.0.1" : host is "::" ? "::1" : host, port),
            _ => null,
        };
        return address is null ? null : new VmNbdServer(address, Get("tls-creds") is not null);
    }

    // KEY=VALUE,… where two commas stand for one.
    private static Dictionary<string, string> OfKeys(string text)
    {
        var members = new Dictionary<string, string>();
        foreach (var part in text.Replace(",,", "\0", StringComparison.Ordinal).Split(','))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                members[part[..equals]] = part[(equals + 1)..].Replace('\0', ',');
        }

        return members;
    }

    private static Dictionary<string, string> OfJson(string text)
    {
        var members = new Dictionary<string, string>();
        try
        {
            using var document = JsonDocument.Parse(text);
            Collect(document.RootElement, "", members);
        }
        catch (JsonException)
        {
            // QEMU would not have started with it.
        }

        return members;
    }

    private static void Collect(JsonElement element, string prefix, Dictionary<string, string> members)
    {
        foreach (var member in element.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Object)
                Collect(member.Value, prefix + member.Name + ".", members);
            else
                members[prefix + member.Name] = member.Value.ToString();
        }
    }
}
