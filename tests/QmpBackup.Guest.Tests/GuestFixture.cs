using QmpBackup.Testing;

namespace QmpBackup.Guest.Tests;

/// <summary>One guest for all tests of a class. Each test leaves it as it was.</summary>
public sealed class GuestFixture : IAsyncLifetime
{
    private GuestVm? _vm;

    public GuestVm Vm
    {
        get
        {
            Assert.SkipUnless(GuestVm.IsAvailable, GuestVm.Missing);
            return _vm!;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (GuestVm.IsAvailable)
            _vm = await GuestVm.StartAsync(new GuestVmOptions(), TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_vm is not null)
            await _vm.DisposeAsync();
    }
}
