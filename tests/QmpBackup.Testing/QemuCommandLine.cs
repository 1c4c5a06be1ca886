using System.Globalization;

namespace QmpBackup.Testing;

/// <summary>Builds the arguments of qemu-system-x86_64 and qemu-storage-daemon.</summary>
internal static class QemuCommandLine
{
    public static List<string> ForVm(QemuVmOptions options, TestDirectory directory, string testMonitor)
    {
        List<string> arguments =
        [
            "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35,accel=tcg", "-cpu", "max",
            "-m", options.Memory.ToString(CultureInfo.InvariantCulture),
        ];
        if (options.Name is not null)
            arguments.AddRange(["-name", options.Name]);
        if (options.Uuid is not null)
            arguments.AddRange(["-uuid", options.Uuid]);
        if (options.Paused)
            arguments.Add("-S");
        if (!options.Boots)
            arguments.AddRange(["-bios", Firmware(directory)]);
        foreach (var disk in options.Disks)
            arguments.AddRange(Disk(disk, directory));
        arguments.AddRange(options.ExtraArguments);

        // The test's own monitor comes last: when it is there, the others listen.
        var pretty = options.PrettyMonitor ? ",pretty=on" : "";
        arguments.AddRange(["-chardev", $"socket,id=mon0,path={directory.File("qmp")},server=on,wait=off", "-mon", "chardev=mon0,mode=control" + pretty]);
        arguments.AddRange(["-chardev", $"socket,id=mon2,path={directory.File("qmp2")},server=on,wait=off", "-mon", "chardev=mon2,mode=control"]);
        if (options.TcpMonitor)
            arguments.AddRange(["-chardev", "socket,id=montcp,host=127.0.0.1,port=0,server=on,wait=off", "-mon", "chardev=montcp,mode=control"]);
        arguments.AddRange(["-chardev", $"socket,id=mon1,path={testMonitor}", "-mon", "chardev=mon1,mode=control"]);
        return arguments;
    }

    public static List<string> ForStorageDaemon(StorageDaemonOptions options, TestDirectory directory, string testMonitor)
    {
        List<string> arguments = [];
        foreach (var disk in options.Disks)
            arguments.AddRange(Nodes(disk, directory, "--blockdev"));
        var pretty = options.PrettyMonitor ? ",pretty=on" : "";
        arguments.AddRange(["--chardev", $"socket,id=mon0,path={directory.File("qmp")},server=on,wait=off", "--monitor", "chardev=mon0" + pretty]);
        arguments.AddRange(["--chardev", $"socket,id=mon2,path={directory.File("qmp2")},server=on,wait=off", "--monitor", "chardev=mon2"]);
        if (options.GuestExports)
        {
            arguments.AddRange(["--nbd-server", $"addr.type=unix,addr.path={directory.File("guest")}"]);
            foreach (var disk in options.Disks.Where(one => !one.ReadOnly))
                arguments.AddRange(["--export", $"type=nbd,id=guest-{disk.Name},node-name={disk.Node},name=guest-{disk.Name},writable=on"]);
        }

        arguments.AddRange(options.ExtraArguments);
        arguments.AddRange(["--chardev", $"socket,id=mon1,path={testMonitor}", "--monitor", "chardev=mon1"]);
        return arguments;
    }

    public static string ImagePath(TestDisk disk, TestDirectory directory) =>
        directory.File($"{disk.Name}.{(disk.Format == DiskFormat.Raw ? "img" : "qcow2")}");

    private static List<string> Nodes(TestDisk disk, TestDirectory directory, string option)
    {
        var path = QmpMonitor.Quote(ImagePath(disk, directory));
        var common = $"\"discard\":\"unmap\",\"read-only\":{(disk.ReadOnly ? "true" : "false")}";
        return
        [
            option, $$"""{"driver":"file","node-name":"{{disk.Node}}-file","filename":{{path}},{{common}}}""",
            option, $$"""{"driver":"{{disk.Driver}}","node-name":"{{disk.Node}}","file":"{{disk.Node}}-file",{{common}}}""",
        ];
    }

    private static List<string> Disk(TestDisk disk, TestDirectory directory)
    {
        List<string> arguments;
        var drive = disk.Node;
        if (disk.Legacy)
        {
            if (disk.ThrottleFilter)
                throw new ArgumentException("A legacy disk has no separate throttle filter.");
            drive = disk.DriveId;
            arguments =
            [
                "-drive",
                $"if=none,id={drive},file={ImagePath(disk, directory)},format={disk.Driver},discard=unmap,readonly={(disk.ReadOnly ? "on" : "off")}",
            ];
        }
        else
        {
            arguments = Nodes(disk, directory, "-blockdev");
        }

        if (disk.ThrottleFilter)
        {
            drive = disk.Name + "-throttle";
            arguments.InsertRange(0, ["-object", $"throttle-group,id=tg-{disk.Name},x-iops-total=1000000"]);
            arguments.AddRange(
                ["-blockdev", $$"""{"driver":"throttle","node-name":"{{drive}}","throttle-group":"tg-{{disk.Name}}","file":"{{disk.Node}}"}"""]);
        }

        if (!disk.Attached)
            return arguments;
        var device = $"virtio-blk-pci,drive={drive}";
        if (disk.DeviceId is not null)
            device += ",id=" + disk.DeviceId;
        if (disk.Shared)
            device += ",share-rw=on";
        if (disk.ErrorPolicy is not null)
            device += $",werror={disk.ErrorPolicy}";
        if (disk.IoThread)
        {
            arguments.InsertRange(0, ["-object", $"iothread,id=io-{disk.Name}"]);
            device += $",iothread=io-{disk.Name}";
        }

        arguments.AddRange(["-device", device]);
        return arguments;
    }

    /// <summary>Firmware that halts at the reset vector (cli; hlt; jmp back), so that a running VM costs no CPU time.</summary>
    private static string Firmware(TestDirectory directory)
    {
        var path = directory.File("halt.bin");
        if (File.Exists(path))
            return path;
        var rom = new byte[65536];
        new byte[] { 0xfa, 0xf4, 0xeb, 0xfd }.CopyTo(rom, rom.Length - 16);
        File.WriteAllBytes(path, rom);
        return path;
    }
}
