// Opens a backup of a VM, lets a command read every disk, and closes the backup: it finishes if everything was read, else it aborts.
//
//   library-sample ENDPOINT                     shows where to read, and waits for your answer
//   library-sample ENDPOINT COMMAND [ARG]...    runs COMMAND for each disk, with {uri} and {disk} filled in
//
// For example:   library-sample unix:/run/vm1.qmp nbdcopy {uri} {disk}.img
using System.Diagnostics;
using QmpBackup;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

if (args.Length == 0 || !QmpEndpoint.TryParse(args[0], out var endpoint, out _))
{
    Console.Error.WriteLine("usage: library-sample unix:/path|tcp:host:port [COMMAND [ARG]...]");
    return 2;
}

using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    interrupted.Cancel();
};

try
{
    var session = await OpenAsync(endpoint, interrupted.Token);
    var isSafe = false;
    try
    {
        isSafe = args.Length > 1
            ? await ReadAllAsync(session, args[1..], interrupted.Token)
            : await AskAsync(session, interrupted.Token);
    }
    finally
    {
        // This cannot be interrupted: while a backup is open, QEMU saves what the guest overwrites.
        await CloseAsync(endpoint, isSafe);
    }

    return isSafe ? 0 : 1;
}
catch (BackupException e)
{
    // Expected and explained: one sentence, and what to do.
    Console.Error.WriteLine($"{e.Message} {e.Hint}");
    return 1;
}
catch (QmpException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("Interrupted: nothing is left open.");
    return 130;
}

static async Task<BackupSession> OpenAsync(QmpEndpoint endpoint, CancellationToken cancellationToken)
{
    // A QMP socket serves one client at a time, so hold it only while you need it. QEMU itself remembers everything.
    await using var workflow = await BackupWorkflow.ConnectAsync(endpoint, cancellationToken: cancellationToken);

    // Use the QMP client for everything that the workflow does not do.
    var status = await workflow.Client.QueryStatusAsync(cancellationToken);
    var state = await workflow.ObserveAsync(cancellationToken);
    Console.WriteLine($"QEMU {state.Version}, {status.Status}");
    foreach (var disk in state.Disks)
    {
        var readOnly = disk.IsReadOnly ? ", read-only" : "";
        Console.WriteLine($"  {disk.Name}: {disk.Size >> 20} MiB, {disk.Node.Driver}, {disk.Bitmaps.Length} bitmap(s){readOnly}");
    }

    // Cancelling rolls back: afterwards either a backup is open, or everything is as it was.
    var session = await workflow.StartAsync(new StartRequest(), cancellationToken);
    Console.WriteLine($"Backup {session.Id} is open.");
    return session;
}

static async Task CloseAsync(QmpEndpoint endpoint, bool isSafe)
{
    await using var workflow = await BackupWorkflow.ConnectAsync(endpoint);
    var plan = isSafe ? await workflow.FinishAsync() : await workflow.AbortAsync();
    Console.WriteLine(plan.Summary);
}

static async Task<bool> ReadAllAsync(BackupSession session, string[] command, CancellationToken cancellationToken)
{
    foreach (var disk in session.Disks)
    {
        var words = command.Select(w => w.Replace("{uri}", $"{disk.Uri}", StringComparison.Ordinal)
            .Replace("{disk}", disk.Name, StringComparison.Ordinal)).ToArray();
        Console.WriteLine($"  {disk.Name}, {disk.Level}: {string.Join(' ', words)}");
        using var reader = Process.Start(words[0], words[1..]);
        await reader.WaitForExitAsync(cancellationToken);
        if (reader.ExitCode != 0)
            return false;
    }

    return true;
}

static async Task<bool> AskAsync(BackupSession session, CancellationToken cancellationToken)
{
    foreach (var disk in session.Disks)
    {
        Console.WriteLine($"  {disk.Name}, {disk.Level}: {disk.Reason}");
        Console.WriteLine($"    {disk.Uri}");
        if (disk.MetaContext is { } map)
            Console.WriteLine($"    what changed: {map}, {disk.DirtyBytes} bytes");
    }

    Console.Write("Read it now. Is the data safe? [y/N] ");
    // Reading from a terminal cannot be cancelled.
    var answer = await Task.Run(Console.ReadLine, cancellationToken).WaitAsync(cancellationToken);
    return answer?.Trim() is "y" or "Y";
}
