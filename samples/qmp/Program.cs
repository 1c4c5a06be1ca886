// What a program can do with QMP alone. Each sample is one file beside this one; run.sh starts a VM and runs them all.
//
//   qmp-sample guest-exec AGENT PROGRAM [ARG]...   runs a program in the guest
//   qmp-sample hotplug QMP IMAGE [BUS]             plugs a raw image in as a disk, and out again
//   qmp-sample mirror QMP NODE FILE                moves a disk to another file while the guest runs
//   qmp-sample screendump QMP FILE                 saves the screen as a PNG
//   qmp-sample migrate QMP TARGET-QMP SOCKET       moves the running VM into another QEMU
//
// QMP, TARGET-QMP and AGENT are endpoints, such as unix:/run/vm1.qmp.
using QmpBackup.Qmp;
using QmpBackup.Samples.Qmp;

using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    interrupted.Cancel();
};

try
{
    switch (args)
    {
        case ["guest-exec", var agent, var program, .. var words]:
            return await GuestExecSample.RunAsync(agent, program, words, interrupted.Token);
        case ["hotplug", var qmp, var image]:
            await HotplugSample.RunAsync(qmp, image, bus: null, interrupted.Token);
            return 0;
        case ["hotplug", var qmp, var image, var bus]:
            await HotplugSample.RunAsync(qmp, image, bus, interrupted.Token);
            return 0;
        case ["mirror", var qmp, var node, var file]:
            await MirrorSample.RunAsync(qmp, node, file, interrupted.Token);
            return 0;
        case ["screendump", var qmp, var file]:
            await ScreendumpSample.RunAsync(qmp, file, interrupted.Token);
            return 0;
        case ["migrate", var qmp, var target, var socket]:
            await MigrateSample.RunAsync(qmp, target, socket, interrupted.Token);
            return 0;
        default:
            Console.Error.WriteLine("usage: qmp-sample guest-exec|hotplug|mirror|screendump|migrate ... (see Program.cs)");
            return 2;
    }
}
catch (Exception e) when (e is QmpException or FormatException or InvalidOperationException)
{
    // Messages of QmpException are whole sentences for people.
    Console.Error.WriteLine(e.Message);
    return 1;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("Interrupted.");
    return 130;
}
