using QmpBackup.Testing;

namespace QmpBackup.Tests.Repository;

/// <summary>The chains of a repository are found by the names of VM and chain, or are the ones that can be meant.</summary>
public sealed class ChainSelectionTests
{
    [Fact]
    public async Task Chains_are_found_by_either_name()
    {
        await using var folder = TestDirectory.Create();
        var repository = With(folder, ("vm1", "default"), ("vm1", "offsite"), ("vm2", "default"));

        Names(repository.FindChains()).Should().Equal("vm1/default", "vm1/offsite", "vm2/default");
        Names(repository.FindChains("vm1")).Should().Equal("vm1/default", "vm1/offsite");
        Names(repository.FindChains(chain: ChainName.Default)).Should().Equal("vm1/default", "vm2/default");
        Names(repository.FindChains("vm2", ChainName.Default)).Should().Equal("vm2/default");
        repository.Invoking(r => r.FindChains("vm3")).Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.InvalidArgument)
            .Which.Remedy!.Features.Should().Equal(Feature.List);
    }

    [Fact]
    public async Task One_chain_is_found_where_only_one_can_be_meant()
    {
        await using var folder = TestDirectory.Create();
        var repository = With(folder, ("vm1", "default"), ("vm1", "offsite"), ("vm2", "nightly"));

        Names([repository.FindChain()]).Should().Equal("vm1/default");
        Names([repository.FindChain("vm2")]).Should().Equal("vm2/nightly");
        Names([repository.FindChain(chain: ChainName.Parse("offsite"))]).Should().Equal("vm1/offsite");
        var several = With(folder, ("vm3", "default")).Invoking(r => r.FindChain()).Should().Throw<BackupException>().Which;
        (several.Code, several.Message).Should().Be((BackupErrorCode.InvalidArgument, "The repository holds several VMs or chains."));
        several.Remedy!.Features.Should().Equal(Feature.Vm, Feature.Chain);
        several.Hint.Should().EndWith("vm1 (default), vm1 (offsite), vm2 (nightly), vm3 (default).");
    }

    [Fact]
    public async Task An_empty_folder_has_no_chain_and_another_folder_is_not_a_repository()
    {
        await using var folder = TestDirectory.Create();
        var repository = With(folder);

        repository.FindChains().Should().BeEmpty();
        repository.Invoking(r => r.FindChain()).Should().Throw<BackupException>().WithMessage("The repository is empty*")
            .Which.Remedy!.Features.Should().Equal(Feature.Run);
        var verify = () => RepositoryVerifier.VerifyAsync(repository, new PointSelection(), true, null, TestContext.Current.CancellationToken);
        await verify.Should().ThrowAsync<BackupException>().WithMessage("The repository is empty*");

        await File.WriteAllTextAsync(Path.Combine(repository.Path, "letter.txt"), "", TestContext.Current.CancellationToken);
        repository.Invoking(r => r.FindChains()).Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.Storage)
            .WithMessage("* is not a repository: *");
    }

    [Fact]
    public async Task Nothing_to_verify_is_an_error()
    {
        await using var folder = TestDirectory.Create();
        var verify = () => RepositoryVerifier.VerifyAsync(
            With(folder, ("vm1", "default")), new PointSelection(), true, null, TestContext.Current.CancellationToken);

        await verify.Should().ThrowAsync<BackupException>().WithMessage("The repository holds no complete point yet.");
    }

    private static BackupRepository With(TestDirectory folder, params (string Vm, string Chain)[] chains)
    {
        var path = Directory.CreateDirectory(folder.File("repo"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        var repository = BackupRepository.Open(path);
        foreach (var (vm, chain) in chains)
            repository.GetChain(vm, ChainName.Parse(chain)).Lock().Dispose();
        return repository;
    }

    private static IEnumerable<string> Names(IEnumerable<RepositoryChain> chains) => chains.Select(c => $"{c.Vm}/{c.Chain}");
}
