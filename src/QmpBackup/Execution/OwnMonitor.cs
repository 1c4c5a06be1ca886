using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using QmpBackup.Host;
using QmpBackup.Model;
using QmpBackup.Planning;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Execution;

/// <summary>
/// A monitor that QEMU makes at run time, for one client alone (<c>monitor-qmp</c>, QEMU 11.1). Its socket is in the scratch folder, which
/// only QEMU's user can enter, and is removed as soon as the connection is open. QEMU removes the monitor when that connection closes, also
/// when this process is killed (<c>close-action</c>).
/// </summary>
internal static class OwnMonitor
{
    /// <summary>Makes one and connects to it.</summary>
    /// <param name="client">The connection that there is.</param>
    /// <param name="state">The VM.</param>
    /// <param name="note">The open backup.</param>
    /// <param name="options">How to connect.</param>
    /// <param name="logger">Where messages go.</param>
    /// <returns>The connection; null where QEMU cannot make one, or its socket cannot be reached.</returns>
    public static async Task<IQmpClient?> TryOpenAsync(
        IQmpClient client, VmState state, SessionNote note, QmpClientOptions options, ILogger logger)
    {
        if (!state.Features.MakesMonitors || state.Process is not { } process || note.ScratchFolder is not { } folder)
            return null;
        var (names, suffix) = (new SessionNames(note.Checkpoint), RandomNumberGenerator.GetHexString(8, lowercase: true));
        var (id, path) = (names.Monitor(suffix), Path.Combine(folder, names.MonitorSocket(suffix)));
        try
        {
            var endpoint = new UnixEndpoint(path);
            // Together: a process that is killed between the two would leave one without the other.
            var device = client.ExecuteAsync(NewSocket(id, path), CancellationToken.None);
            var monitor = client.ObjectAddAsync(NewMonitor(id), CancellationToken.None);
            await Task.WhenAll(device, monitor).ConfigureAwait(false);
            var own = await QmpClient.ConnectAsync(endpoint, options, CancellationToken.None).ConfigureAwait(false);
            if (ScratchStorage.RemoveFile(path, process) is { } obstacle)
                WorkflowLog.NotRemoved(logger, path, obstacle);
            return own;
        }
        catch (Exception e) when (e is QmpCommandException or QmpConnectException or QmpTimeoutException or ArgumentException)
        {
            MonitorLog.IsNotOwn(logger, e.Message.TrimEnd('.'));
            await RemoveAsync(client, id).ConfigureAwait(false);
            return null;
        }
    }

    private static async Task RemoveAsync(IQmpClient client, string id)
    {
        foreach (var step in Steps.RemoveMonitor(id))
        {
            try
            {
                await client.ExecuteAsync(step.Request, CancellationToken.None).ConfigureAwait(false);
            }
            catch (QmpException)
            {
                // It was not made. If it was, closing the backup finds it.
            }
        }
    }

    private static QmpRequest NewSocket(string id, string path)
    {
        var address = new JsonObject { ["type"] = "unix", ["data"] = new JsonObject { ["path"] = path } };
        var socket = new JsonObject { ["addr"] = address, ["server"] = true, ["wait"] = false };
        return QmpRequest.Raw("chardev-add",
            ToElement(new JsonObject { ["id"] = id, ["backend"] = new JsonObject { ["type"] = "socket", ["data"] = socket } }));
    }

    private static ObjectOptionsJson NewMonitor(string id) => ObjectOptionsJson.FromElement(ToElement(
        new JsonObject { ["qom-type"] = "monitor-qmp", ["id"] = id, ["chardev"] = id, ["close-action"] = "delete" }));

    private static JsonElement ToElement(JsonObject node)
    {
        using var document = JsonDocument.Parse(node.ToJsonString());
        return document.RootElement.Clone();
    }
}
