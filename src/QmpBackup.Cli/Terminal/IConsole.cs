namespace QmpBackup.Cli.Terminal;

/// <summary>What a command may touch of the world around the process: three streams, two facts about them, and the environment.</summary>
internal interface IConsole
{
    /// <summary>For the result, and nothing else. A failed write throws <see cref="IOException"/>.</summary>
    TextWriter Out { get; }

    /// <summary>For progress, logs and errors.</summary>
    TextWriter Error { get; }

    /// <summary>What is piped in.</summary>
    TextReader In { get; }

    /// <summary>Whether <see cref="Out"/> is a terminal.</summary>
    bool IsOutputTerminal { get; }

    /// <summary>Whether <see cref="Error"/> is a terminal.</summary>
    bool IsErrorTerminal { get; }

    /// <summary>The columns of the terminal; null where there is none.</summary>
    int? Width { get; }

    /// <summary>An environment variable; null where it is not set.</summary>
    string? GetEnvironmentVariable(string name);
}
