using System.Runtime.InteropServices;

namespace QmpBackup.Cli.Terminal;

/// <summary>
/// Makes sure that descriptors 0 to 2 are standard input, output and error. In a process that is started without one of them, other
/// files get its number: the runtime's signal pipe, for instance, so that an error message turns into signals to the process itself.
/// </summary>
internal static unsafe partial class StandardDescriptors
{
    private const int GetDescriptorFlags = 1;
    private const int CloseOnExec = 1;
    private const int ReadOnly = 0;
    private const int WriteOnly = 1;

    /// <summary>
    /// If one of them is missing, starts this program again in the same process, with a descriptor in its place that fails with EBADF, as a
    /// closed one does. It does not return then.
    /// </summary>
    /// <returns>False if one is missing and the program cannot be started again.</returns>
    public static bool Ensure()
    {
        if (!OperatingSystem.IsLinux())
            return true;
        List<int> missing = [.. Enumerable.Range(0, 3).Where(IsMissing)];
        return missing.Count == 0 || Restart(missing);
    }

    // An inherited descriptor never has the flag close-on-exec. One that the runtime opened always has it.
    private static bool IsMissing(int descriptor) =>
        Control(descriptor, GetDescriptorFlags) is var flags && (flags < 0 || (flags & CloseOnExec) != 0);

    private static bool Restart(List<int> missing)
    {
        byte[] commandLine;
        try
        {
            // As the kernel has it: with the runtime's program, and with the exact bytes of the arguments.
            commandLine = File.ReadAllBytes("/proc/self/cmdline");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        if (Environment.ProcessPath is not { } program || commandLine is not [.., 0])
            return false;
        var arguments = new nint[commandLine.Count(b => b == 0) + 1];
        fixed (byte* text = commandLine)
        fixed (nint* list = arguments)
        {
            var count = 0;
            for (var start = 0; start < commandLine.Length; start = Array.IndexOf(commandLine, (byte)0, start) + 1)
                list[count++] = (nint)(text + start);
            foreach (var descriptor in missing)
            {
                // Input that cannot be read, or output that cannot be written: a write must fail, not vanish.
                var nothing = Open("/dev/null", descriptor == 0 ? WriteOnly : ReadOnly);
                if (nothing < 0)
                    return false;
                if (nothing == descriptor)
                    continue;
                if (Duplicate(nothing, descriptor) < 0)
                    return false;
                if (!missing.Contains(nothing))
                    _ = Close(nothing);
            }

            _ = Execute(program, list);
        }

        return false;
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Duplicate(int descriptor, int wanted);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "execv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string program, nint* arguments);
}
