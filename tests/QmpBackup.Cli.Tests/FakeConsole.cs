using System.Text;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Tests;

/// <summary>A console in memory.</summary>
internal sealed class FakeConsole : IConsole
{
    private readonly StringBuilder _out = new();
    private readonly StringBuilder _error = new();

    public Dictionary<string, string> Environment { get; } = [];

    public TextWriter Out => OutIsClosed ? new ClosedWriter() : new StringWriter(_out) { NewLine = "\n" };

    public TextWriter Error => new StringWriter(_error) { NewLine = "\n" };

    public TextReader In { get; init; } = new StringReader("");

    public bool IsInputTerminal { get; init; }

    public bool IsOutputTerminal { get; init; }

    public bool IsErrorTerminal { get; init; }

    public bool OutIsClosed { get; init; }

    public int? Width => null;

    public string OutText => _out.ToString();

    public string ErrorText => _error.ToString();

    public string? GetEnvironmentVariable(string name) => Environment.GetValueOrDefault(name);

    /// <summary>Runs a command line and checks its exit code.</summary>
    public static async Task<FakeConsole> RunAsync(int exitCode, params string[] args)
    {
        var console = new FakeConsole();
        await console.RunOnThisAsync(exitCode, args);
        return console;
    }

    public async Task RunOnThisAsync(int exitCode, params string[] args)
    {
        var result = await App.RunAsync(args, this, TestContext.Current.CancellationToken);
        result.Should().Be(exitCode, "stdout was:\n{0}\nstderr was:\n{1}", OutText, ErrorText);
    }
}
