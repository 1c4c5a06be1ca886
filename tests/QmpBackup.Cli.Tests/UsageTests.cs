using System.Text.Json;

namespace QmpBackup.Cli.Tests;

public sealed class UsageTests
{
    public static TheoryData<string, string> BadCalls => new()
    {
        { "", "'qbackup' needs a command." },
        { "strat", "'qbackup' has no command 'strat'." },
        { "strat --disk a", "'qbackup' has no command 'strat'." },
        { "plan", "'qbackup plan' needs a command." },
        { "plan pull", "'qbackup plan' has no command 'pull'." },
        { "bitmap", "'qbackup bitmap' needs a command." },
        { "status --bogus", "'qbackup status' has no option '--bogus'." },
        { "status extra", "'qbackup status' has no argument 'extra'." },
        { "start --level most", "Invalid value 'most' for --level; expected auto, full, incremental or copy." },
        { "start --fleecing wool", "Invalid value 'wool' for --fleecing; expected auto, overlay or snapshot-access." },
        { "start --qmp nonsense", "--qmp: \"nonsense\" is not a valid endpoint. Write unix:/path, /path, tcp:host:port or tcp:[ipv6]:port." },
        { "start --nbd ftp:x", "Invalid value 'ftp:x' for --nbd; expected unix:/path or tcp:host:port." },
        { "start --chain a.b", "Invalid value 'a.b' for --chain; expected 1 to 32 ASCII letters, digits, '-' and '_', not beginning with '-'." },
        { "start --since yesterday", "Invalid value 'yesterday' for --since; expected a checkpoint such as 20261123T034712Z-1a2b3c, as 'qbackup status' lists them." },
        { "status -o yaml", "Invalid value 'yaml' for --output; expected text or json." },
        { "qmp", "'qbackup qmp' needs an argument: COMMAND." },
        { "bitmap add", "'qbackup bitmap add' needs an argument: NAME." },
        { "completions", "'qbackup completions' needs an argument: bash|zsh|fish." },
        { "list --repo", "--repo needs a value: DIR." },
        { "status -o", "--output needs a value: text|json." },
        { "run --repo /a --repo /b", "--repo is given more than once." },
        { "pull --connections 1 --connections 2", "--connections is given more than once." },
        { "qmp query-status --timeout soon", "Invalid value 'soon' for --timeout; expected a number of seconds." },
        { "bitmap add x --granularity 1000", "Invalid value '1000' for --granularity; expected a power of two from 512 to 2G." },
        { "bitmap add x --persistent --no-persistent", "A bitmap is either --persistent or --no-persistent." },
        { "bitmap merge target", "'qbackup bitmap merge' needs an argument: SOURCE." },
        { "completions powershell", "Invalid shell 'powershell'; expected bash, zsh or fish." },
    };

    [Theory]
    [MemberData(nameof(BadCalls))]
    public async Task An_invalid_call_is_reported_in_one_sentence_and_a_hint(string call, string message)
    {
        var console = await FakeConsole.RunAsync(2, Words(call));

        console.OutText.Should().BeEmpty();
        console.ErrorText.Should().StartWith("error: " + message).And.Contain("\nhint:  ");
        console.ErrorText.Split('\n').Should().HaveCount(3, "there are two lines");
    }

    [Theory]
    [InlineData("start", "--qmp")]
    [InlineData("start", "--agent")]
    [InlineData("start", "--nbd")]
    [InlineData("start", "--scratch-dir")]
    [InlineData("start", "--tls-creds")]
    [InlineData("start", "--disk")]
    [InlineData("start", "--log-file")]
    [InlineData("run", "--repo")]
    [InlineData("run", "--vm")]
    [InlineData("pull", "--tls-certificates")]
    [InlineData("restore", "--to")]
    [InlineData("verify", "--point")]
    [InlineData("thaw", "--agent")]
    [InlineData("bitmap list", "--disk")]
    public async Task An_empty_value_is_refused(string command, string option)
    {
        var console = await FakeConsole.RunAsync(2, [.. Words(command), option, ""]);

        console.OutText.Should().BeEmpty();
        console.ErrorText.Should().StartWith($"error: {option} has an empty value. Perhaps a variable is not set.\nhint:  ");
    }

    [Theory]
    [InlineData("nbd:localhost:10809:exportname=vda", "\"//\" must follow the scheme")]
    [InlineData("nbd+vsock://1/vda", "unknown scheme")]
    public async Task An_invalid_NBD_URI_is_never_taken_as_a_folder(string target, string reason)
    {
        var console = await FakeConsole.RunAsync(2, "restore", "--repo", "/no/such/folder", "--point", "latest", "--to", target);

        console.ErrorText.Should().StartWith("error: The target is not a valid NBD URI: ").And.Contain(reason).And.Contain("\nhint:  ");
    }

    [Fact]
    public async Task A_misspelt_word_gets_a_suggestion()
    {
        (await FakeConsole.RunAsync(2, "strat")).ErrorText.Should().Contain("Did you mean 'start'?");
        (await FakeConsole.RunAsync(2, "start", "--levle", "full")).ErrorText.Should().Contain("Did you mean '--level'?");
        (await FakeConsole.RunAsync(2, "start", "--otput", "json")).ErrorText.Should().Contain("Did you mean '--output'?");
    }

    [Theory]
    [InlineData("start --bogus -o json")]
    [InlineData("-o json start --level most")]
    [InlineData("status --output json extra")]
    [InlineData("status --output=json extra")]
    [InlineData("status -o=json extra")]
    public async Task An_invalid_call_is_one_document_in_JSON(string call)
    {
        var console = await FakeConsole.RunAsync(2, Words(call));

        console.OutText.Should().BeEmpty();
        var document = JsonDocument.Parse(console.ErrorText).RootElement;
        document.GetProperty("schemaVersion").GetInt32().Should().Be(1);
        document.GetProperty("error").GetProperty("code").GetString().Should().Be("usage");
        document.GetProperty("error").GetProperty("hint").GetString().Should().NotBeEmpty();
    }

    [Fact]
    public async Task Without_a_VM_the_error_says_how_to_name_one()
    {
        var console = await FakeConsole.RunAsync(2, "status");

        console.ErrorText.Should().Be("error: No VM is named.\nhint:  Name its QMP socket with --qmp unix:/path, or in the environment variable QBACKUP_QMP.\n");
    }

    [Fact]
    public async Task An_invalid_endpoint_in_the_environment_is_reported_with_its_variable()
    {
        var console = new FakeConsole { Environment = { ["QBACKUP_QMP"] = "udp:1" } };

        await console.RunOnThisAsync(2, "status");

        console.ErrorText.Should().StartWith("error: QBACKUP_QMP: \"udp:1\" is not a valid endpoint.");
    }

    [Theory]
    [InlineData("{", "The arguments are not valid JSON")]
    [InlineData("[1]", "The arguments of a QMP command must be a JSON object.")]
    [InlineData("{\"a\": 1", "The arguments are not valid JSON: they end too early or are wrong at line 1, column 8.")]
    [InlineData("{\"a\": \"\\ud800\"}", "The arguments contain something that is not a character")]
    [InlineData("@/no/such/file", "The arguments cannot be read from '/no/such/file': no such folder.")]
    [InlineData("@/no-such-file", "The arguments cannot be read from '/no-such-file': no such file.")]
    [InlineData("@/etc", "The arguments cannot be read from '/etc': it is a folder.")]
    [InlineData("@", "No file is named after '@'.")]
    [InlineData("@/dev/zero", "'/dev/zero' is larger than anything that QEMU accepts.")]
    public async Task Invalid_arguments_of_a_QMP_command_are_refused_before_anything_is_sent(string arguments, string message)
    {
        var console = await FakeConsole.RunAsync(2, "qmp", "query-jobs", arguments, "--qmp", "/no/such/socket");

        console.ErrorText.Should().StartWith("error: " + message);
    }

    [Theory]
    [InlineData("/no/such/folder", "There is no file /no/such/folder/ca-cert.pem.")]
    [InlineData("/etc/passwd", "There is no file /etc/passwd/ca-cert.pem.")]
    public async Task Missing_certificates_are_named(string folder, string message)
    {
        var console = await FakeConsole.RunAsync(2, "run", "--tls-creds", "tls0", "--qmp", "/no/such/socket", "--repo", "/no/such/folder", "--tls-certificates", folder);

        console.ErrorText.Should().StartWith($"error: The certificates of --tls-certificates cannot be used: {message}\n");
    }

    [Fact]
    public async Task A_log_file_that_cannot_be_written_stops_the_command()
    {
        var console = await FakeConsole.RunAsync(2, "status", "--qmp", "/no/such/socket", "--log-file", "/no/such/folder/log");

        console.ErrorText.Should().StartWith("error: The log file '/no/such/folder/log' cannot be written: no such file or directory.");
    }

    private static string[] Words(string call) => call.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
