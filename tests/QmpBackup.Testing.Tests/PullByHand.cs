namespace QmpBackup.Testing.Tests;

/// <summary>The pull-mode sequence by raw QMP, for the tests of the fixtures.</summary>
internal static class PullByHand
{
    public static async Task OpenAsync(QemuProcess vm, string disk, string? oldBitmap, string newBitmap, string export)
    {
        var node = vm.Disk(disk).Node;
        var overlay = vm.Directory.File($"{disk}-overlay.qcow2");
        File.Delete(overlay);
        await DiskImages.CreateAsync(overlay, DiskFormat.Qcow2, vm.Oracles[disk].Length);
        await vm.Monitor.ExecuteAsync("blockdev-add", $$$"""
            {"driver":"qcow2","node-name":"tmp-{{{disk}}}","file":{"driver":"file","filename":"{{{overlay}}}" },"backing":"{{{node}}}"}
            """);
        var disable = oldBitmap is null
            ? ""
            : $$$""",{"type":"block-dirty-bitmap-disable","data":{"node":"{{{node}}}","name":"{{{oldBitmap}}}"}}""";
        await vm.Monitor.ExecuteAsync("transaction", $$$"""
            {"actions":[
              {"type":"block-dirty-bitmap-add","data":{"node":"{{{node}}}","name":"{{{newBitmap}}}","persistent":true}},
              {"type":"blockdev-backup","data":{"device":"{{{node}}}","target":"tmp-{{{disk}}}","sync":"none","job-id":"job-{{{disk}}}"}}
              {{{disable}}}
            ]}
            """);
        var bitmaps = oldBitmap is null ? "" : $",\"bitmaps\":[\"{oldBitmap}\"]";
        await vm.Monitor.ExecuteAsync("block-export-add", $$$"""
            {"type":"nbd","id":"exp-{{{disk}}}","node-name":"tmp-{{{disk}}}","name":"{{{export}}}"{{{bitmaps}}} }
            """);
    }

    public static async Task CloseAsync(QemuProcess vm, string disk)
    {
        await vm.Monitor.ExecuteAsync("block-export-del", $$"""{"id":"exp-{{disk}}","mode":"hard"}""");
        await vm.Monitor.WaitForEventAsync("BLOCK_EXPORT_DELETED");
        await vm.Monitor.ExecuteAsync("job-cancel", $$"""{"id":"job-{{disk}}"}""");
        await vm.Monitor.WaitForEventAsync("JOB_STATUS_CHANGE", one => one.GetProperty("data").GetProperty("status").GetString() == "null");
        await vm.Monitor.ExecuteAsync("blockdev-del", $$"""{"node-name":"tmp-{{disk}}"}""");
    }

    public static Task StartServerAsync(QemuProcess vm, string path) =>
        vm.Monitor.ExecuteAsync("nbd-server-start", $$$"""{"addr":{"type":"unix","data":{"path":"{{{path}}}"} } }""");
}
