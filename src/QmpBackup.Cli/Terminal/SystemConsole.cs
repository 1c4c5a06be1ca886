using System.Text;

namespace QmpBackup.Cli.Terminal;

/// <summary>The console of this process.</summary>
internal sealed class SystemConsole : IConsole
{
    private readonly Lazy<TextWriter> _out = new(() => NewWriter(Open(1)));
    private readonly Lazy<TextWriter> _error = new(() => TextWriter.Synchronized(NewWriter(Open(2))));

    public TextWriter Out => _out.Value;

    public TextWriter Error => _error.Value;

    public TextReader In => Console.In;

    public bool IsOutputTerminal { get; } = !Console.IsOutputRedirected;

    public bool IsErrorTerminal { get; } = !Console.IsErrorRedirected;

    // Not Console.WindowWidth: it sets the terminal up for reading keys, and writes to it for that.
    public int? Width => IsOutputTerminal && OperatingSystem.IsLinux() ? DescriptorStream.TerminalWidth() : null;

    public string? GetEnvironmentVariable(string name) => Environment.GetEnvironmentVariable(name);

    private static StreamWriter NewWriter(Stream stream) =>
        new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true, NewLine = "\n" };

    private static Stream Open(int descriptor) =>
        !OperatingSystem.IsWindows() ? new DescriptorStream(descriptor) : descriptor == 1 ? Console.OpenStandardOutput() : Console.OpenStandardError();
}
