using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Samples.Qmp;

/// <summary>Saves the screen of a VM as a PNG.</summary>
internal static class ScreendumpSample
{
    public static async Task RunAsync(string qmp, string file, CancellationToken cancellationToken)
    {
        await using var client = await QmpClient.ConnectAsync(QmpEndpoint.Parse(qmp), cancellationToken: cancellationToken);
        var request = UiCommands.Screendump.With(new ScreendumpArguments { Filename = Path.GetFullPath(file), Format = ImageFormat.Png });

        // Before 7.1 QEMU wrote PPM only, and did not know the argument. Ask the schema of the running QEMU, not its version.
        var schema = await client.GetSchemaAsync(cancellationToken);
        if (!schema.HasArgument("screendump", "format"))
            throw new InvalidOperationException($"QEMU {client.Greeting.Version} cannot write a PNG.");

        await client.ExecuteAsync(request, cancellationToken);
        Console.WriteLine($"{file}: {new FileInfo(file).Length} bytes");
    }
}
