using System.Text.Json;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>Helpers of the tests that run the command as users do.</summary>
internal static class CommandOf
{
    public static async Task<CommandResult> RunAsync(QemuProcess vm, params string[] arguments) => await RunAsync(vm.QmpEndpoint, vm, arguments);

    public static async Task<CommandResult> RunAsync(string endpoint, QemuProcess vm, params string[] arguments) =>
        await Qbackup.RunAsync([.. arguments, "--qmp", endpoint], new CommandOptions { Environment = Environment(vm) });

    public static RunningCommand Start(string endpoint, QemuProcess vm, params string[] arguments) =>
        Qbackup.Start([.. arguments, "--qmp", endpoint], new CommandOptions { Environment = Environment(vm) });

    public static JsonElement Json(this CommandResult result) => JsonDocument.Parse(result.EnsureSuccess().Stdout).RootElement;

    public static JsonElement Error(this CommandResult result) => JsonDocument.Parse(result.Stderr).RootElement.GetProperty("error");

    private static Dictionary<string, string?> Environment(QemuProcess vm) => new() { ["QBACKUP_SCRATCH_DIR"] = vm.Directory.Path };
}
