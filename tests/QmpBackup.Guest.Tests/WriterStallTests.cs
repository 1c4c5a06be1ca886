using System.Globalization;
using QmpBackup.Testing;

namespace QmpBackup.Guest.Tests;

/// <summary>The guest's writer stops for the reported freeze window and no longer.</summary>
public sealed class WriterStallTests
{
    private static readonly TimeSpan Held = TimeSpan.FromSeconds(1);

    // The guest's own record: the time by the guest's clock after each write that reached the disk, kept in a place that is never frozen.
    private const string Writer = "(while :; do echo x | dd of=/mnt/a/beat conv=notrunc,fsync 2>/dev/null; cut -d' ' -f1 /proc/uptime; done > /tmp/beats) > /dev/null 2>&1 &";

    private static double Parse(string seconds) => double.Parse(seconds.Trim(), CultureInfo.InvariantCulture);

    private static async Task<double> UptimeAsync(GuestVm vm, CancellationToken token) =>
        Parse((await vm.RunAsync("cut -d' ' -f1 /proc/uptime", token)).EnsureSuccess().Stdout);

    private static async Task WaitForBeatsAsync(GuestVm vm, int more, CancellationToken token) =>
        (await vm.RunAsync($"n=$(wc -l < /tmp/beats); while [ $(wc -l < /tmp/beats) -lt $((n + {more})) ]; do usleep 20000; done", token)).EnsureSuccess();

    [Fact(Timeout = 240_000)]
    public async Task The_longest_gap_in_the_guests_own_record_is_the_reported_window()
    {
        var token = TestContext.Current.CancellationToken;
        Assert.SkipUnless(GuestVm.IsAvailable, GuestVm.Missing);
        await using var vm = await GuestVm.StartAsync(new GuestVmOptions { Writer = false }, token);
        (await vm.RunAsync(Writer, token)).EnsureSuccess();
        List<string> attempts = [];
        // Everything is emulated here, and other load can only make a gap longer: one undisturbed run of three is enough.
        // A guest that is frozen longer than reported shows it in every run.
        for (var attempt = 0; attempt < 3; attempt++)
        {
            await WaitForBeatsAsync(vm, 100, token);
            var from = await UptimeAsync(vm, token);
            await using var proxy = QmpProxy.Start(vm);
            var rule = proxy.On("transaction");
            rule.HoldReplyUntil(HoldAsync(rule));
            var session = await GuestBackup.StartFrozenAsync(vm, token, endpoint: proxy.Endpoint);
            await proxy.DisposeAsync();
            var to = await UptimeAsync(vm, token);
            await GuestBackup.AbortAsync(vm, token);
            await WaitForBeatsAsync(vm, 100, token);
            var beats = (await vm.RunAsync("cat /tmp/beats", token)).EnsureSuccess().Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse).ToList();
            var gaps = beats.Zip(beats.Skip(1), (a, b) => (From: a, To: b, Length: b - a)).ToList();
            var longest = gaps.Where(g => g.To >= from && g.From <= to).Max(g => g.Length);
            // A gap includes one ordinary round, and the clock ticks in hundredths of a second.
            var usual = gaps.Where(g => (g.To < from && g.To > from - 10) || g.From > to).Max(g => g.Length);
            var window = session.FrozenMilliseconds!.Value / 1000;
            attempts.Add(string.Create(CultureInfo.InvariantCulture, $"window {window:0.000}, longest gap {longest:0.000}, longest without a backup {usual:0.000}"));

            longest.Should().BeGreaterThanOrEqualTo(Held.TotalSeconds - 0.05, "the writer stood still while the transaction was held");
            if (longest <= window + usual + 0.1)
            {
                TestContext.Current.TestOutputHelper?.WriteLine(string.Join("; ", attempts));
                return;
            }
        }

        attempts.Should().BeEmpty("the writer stood still longer than was reported, each time");
    }

    private static async Task HoldAsync(ProxyRule rule)
    {
        await rule.Executed;
        await Task.Delay(Held);
    }
}
