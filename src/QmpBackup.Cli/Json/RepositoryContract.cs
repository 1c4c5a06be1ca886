using QmpBackup.Repositories;
using QmpBackup.Repositories.Signing;

namespace QmpBackup.Cli.Json;

/// <summary>From a repository's records to what scripts are promised.</summary>
internal static class RepositoryContract
{
    public static PointDto Point(RepositoryChain chain, RepositoryPoint point) => new(
        point.Id, point.Vm, point.Chain, point.Checkpoint, point.Parent, point.CreatedAt.UtcDateTime, point.QemuVersion, point.FrozenMilliseconds,
        [
            .. point.Disks.Select(d => new PointDiskDto(d.Name, d.Node, Contract.Word(d.Level), d.Reason, d.Parent, d.Size, d.BytesRead, d.BytesZero, d.BytesWritten,
                chain.RelativePath(point, d), d.FileSize, d.Seconds)),
        ],
        point.Signature?.Key);

    public static VerifyResultDto Result(VerifyResult result) =>
        new(result.Vm, result.Chain, result.Point, result.Disk, result.IsSound, result.Fault?.Problem, result.Fault?.Point,
            result.Fault is { IsUnread: true }, result.Disk is null ? null : Word(result.Signature));

    public static string Word(SignatureState state) => state switch
    {
        SignatureState.None => "none",
        SignatureState.Unchecked => "unchecked",
        SignatureState.Valid => "valid",
        SignatureState.Wrong => "wrong",
        _ => throw new InvalidOperationException($"The contract has no word for {state}."),
    };

    public static RestoredDto Restored(RestoredDisk disk) =>
        new(disk.Point, disk.Disk, disk.Target, disk.Format == ImageFormat.Raw ? "raw" : "qcow2", disk.Size, disk.Seconds);
}
