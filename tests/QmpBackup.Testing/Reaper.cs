using System.Diagnostics;

namespace QmpBackup.Testing;

/// <summary>
/// Kills what the tests started and deletes their folders when the test host ends, however it ends: a shell at the other end of a
/// pipe notices even a crash of the host, which a handler inside the host cannot do.
/// </summary>
internal static class Reaper
{
    private const string Script = """
        trap '' INT TERM HUP
        processes=' ' folders=' '
        without() { printf '%s' "$1" | sed "s| $2 | |"; }
        while read -r operation what; do
            case $operation in
                +process) processes="$processes$what " ;;
                -process) processes=$(without "$processes" "$what") ;;
                +folder) folders="$folders$what " ;;
                -folder) folders=$(without "$folders" "$what") ;;
            esac
        done
        for one in $processes; do kill -9 "$one" 2>/dev/null; done
        for one in $folders; do
            for mount in "$one"/*; do umount -l "$mount" 2>/dev/null; done
            rm -rf "$one"
        done
        """;

    private static readonly Lock Gate = new();
    private static StreamWriter? _pipe;

    public static void Add(int process) => Send($"+process {process}");

    public static void Remove(int process) => Send($"-process {process}");

    public static void AddFolder(string path) => Send("+folder " + path);

    public static void RemoveFolder(string path) => Send("-folder " + path);

    private static void Send(string line)
    {
        lock (Gate)
        {
            if (_pipe is null)
            {
                var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script]) { RedirectStandardInput = true })!;
                _pipe = shell.StandardInput;
                _pipe.AutoFlush = true;
            }

            _pipe.WriteLine(line);
        }
    }
}
