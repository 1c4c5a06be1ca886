using QmpBackup.Benchmarks;

var benchmarks = new Dictionary<string, Func<string[], Task<int>>>(StringComparer.Ordinal)
{
    ["freeze"] = FreezeBenchmark.RunAsync,
    ["nbd-read"] = NbdReadBenchmark.RunAsync,
    ["pull"] = PullBenchmark.RunAsync,
    ["pull-sparse"] = SparseBenchmark.RunAsync,
    ["pull-extents"] = ExtentsBenchmark.RunAsync,
    ["increment"] = IncrementBenchmark.RunAsync,
    ["restore"] = RestoreBenchmark.RunAsync,
    ["verify"] = VerifyBenchmark.RunAsync,
    ["verify-chain"] = ChainBenchmark.RunAsync,
};

if (args.Length > 0 && benchmarks.TryGetValue(args[0], out var benchmark))
    return await benchmark(args[1..]);
Console.Error.WriteLine($"""
    usage: QmpBackup.Benchmarks {string.Join('|', benchmarks.Keys)} [name=value ...]
      freeze        how long the guest is frozen against the same commands by hand: rounds disks=1,2,16;
                    env QBACKUP_BIN adds the command; guest=yes: a real guest
      nbd-read      this client against nbdcopy: mib rounds server=qemu-nbd|nbdkit connections request-kib in-flight dir
      pull          a full pull against other programs, and the page cache that it takes: mib percent rounds connections
                    peers=convert,push,nbdcopy dir
      pull-sparse   memory of a pull of an enormous disk: tib extents dir
      pull-extents  memory and first byte of 'qbackup run' with very many extents: gib extents bin dir
      increment     'qbackup run' of an increment against nbdcopy of the whole: mib percent dirty (per mille) rounds bin dir
      restore       a restore against qemu-img convert: mib percent rounds format=raw|qcow2 dir
      verify        a verification against nbdcopy of the same image to nothing: mib percent rounds dir
      verify-chain  a verification of many points: points mib changed dir
    table=docs/performance.md puts the results into the table there.
    dir is a folder for the files, default TMPDIR; bin is the native command, default qbackup.
    """);
return 2;
