using System.Text;

namespace QmpBackup.Cli.Terminal;

/// <summary>What a command uses from outside the process: three streams, facts about them, and the environment.</summary>
internal interface IConsole
{
    /// <summary>Takes the result and nothing else. A failed write throws <see cref="IOException"/>.</summary>
    TextWriter Out { get; }

    /// <summary>Takes progress, logs and errors.</summary>
    TextWriter Error { get; }

    /// <summary>Standard input.</summary>
    TextReader In { get; }

    /// <summary>Whether <see cref="In"/> is a terminal, at which somebody can answer.</summary>
    bool IsInputTerminal { get; }

    /// <summary>Whether <see cref="Out"/> is a terminal.</summary>
    bool IsOutputTerminal { get; }

    /// <summary>Whether <see cref="Error"/> is a terminal.</summary>
    bool IsErrorTerminal { get; }

    /// <summary>The columns of the terminal; null if there is none.</summary>
    int? Width { get; }

    /// <summary>An environment variable; null if it is not set.</summary>
    string? GetEnvironmentVariable(string name);
}

/// <summary>The console of this process.</summary>
internal sealed class SystemConsole : IConsole
{
    private readonly Lazy<TextWriter> _out = new(() => NewWriter(Open(1)));
    private readonly Lazy<TextWriter> _error = new(() => TextWriter.Synchronized(NewWriter(Open(2))));

    public TextWriter Out => _out.Value;

    public TextWriter Error => _error.Value;

    public TextReader In => Console.In;

    public bool IsInputTerminal => !Console.IsInputRedirected;

    public bool IsOutputTerminal { get; } = !Console.IsOutputRedirected;

    public bool IsErrorTerminal { get; } = !Console.IsErrorRedirected;

    // Not Console.WindowWidth: it prepares the terminal for reading keys, and writes to it.
    public int? Width => IsOutputTerminal && OperatingSystem.IsLinux() ? DescriptorStream.TerminalWidth() : null;

    public string? GetEnvironmentVariable(string name) => Environment.GetEnvironmentVariable(name);

    private static StreamWriter NewWriter(Stream stream) =>
        new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true, NewLine = "\n" };

    private static Stream Open(int descriptor) =>
        !OperatingSystem.IsWindows() ? new DescriptorStream(descriptor) : descriptor == 1 ? Console.OpenStandardOutput()
            : Console.OpenStandardError();
}

/// <summary>The form of a result.</summary>
internal enum OutputFormat
{
    /// <summary>Text for people.</summary>
    Text,

    /// <summary>JSON for scripts.</summary>
    Json,
}
