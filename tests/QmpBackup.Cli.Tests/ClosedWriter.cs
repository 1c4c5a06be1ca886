using System.Text;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Tests;

/// <summary>Standard output that nobody reads any more.</summary>
internal sealed class ClosedWriter : TextWriter
{
    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => throw new ReaderGoneException();

    public override void Write(string? value) => throw new ReaderGoneException();
}
