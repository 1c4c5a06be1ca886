using System.Text;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Tests;

/// <summary>Standard output whose reader has closed it.</summary>
internal sealed class ClosedWriter : TextWriter
{
    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => throw new ReaderGoneException();

    public override void Write(string? value) => throw new ReaderGoneException();
}
