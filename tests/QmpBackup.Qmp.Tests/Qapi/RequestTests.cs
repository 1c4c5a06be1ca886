using System.Text.Json;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Qmp.Tests;

public sealed class RequestTests
{
    public static TheoryData<QmpRequest, string> Requests => new()
    {
        { ControlCommands.QueryVersion.Request, """{"execute":"query-version"}""" },
        { JobCommands.QueryJobs.Request, """{"execute":"query-jobs"}""" },
        {
            BlockCoreCommands.BlockDirtyBitmapAdd.With(new() { Node = "d", Name = "b", Persistent = true, Granularity = 65536, Disabled = false }),
            """{"execute":"block-dirty-bitmap-add","arguments":{"node":"d","name":"b","granularity":65536,"persistent":true,"disabled":false}}"""
        },
        {
            BlockCoreCommands.BlockDirtyBitmapMerge.With(new()
            {
                Node = "d", Target = "t", Bitmaps = ["a", new BlockDirtyBitmap { Node = "e", Name = "b" }],
            }),
            """{"execute":"block-dirty-bitmap-merge","arguments":{"node":"d","target":"t","bitmaps":["a",{"node":"e","name":"b"}]}}"""
        },
        {
            BlockCoreCommands.BlockdevAdd.With(new BlockdevOptionsQcow2
            {
                NodeName = "ov", File = new BlockdevOptionsFile { Filename = "/a b", Aio = BlockdevAioOptions.IOUring }, Backing = "disk0",
            }),
            """{"execute":"blockdev-add","arguments":{"driver":"qcow2","node-name":"ov","file":{"driver":"file","filename":"/a b","aio":"io_uring"},"backing":"disk0"}}"""
        },
        {
            BlockCoreCommands.BlockdevAdd.With(new BlockdevOptionsQcow2 { File = "f", Backing = BlockdevRefOrNull.Null, ReadOnly = true }),
            """{"execute":"blockdev-add","arguments":{"driver":"qcow2","file":"f","backing":null,"read-only":true}}"""
        },
        {
            BlockCoreCommands.BlockdevAdd.With(new BlockdevOptionsCbw
            {
                NodeName = "c", File = "d", Target = "t", OnCbwError = OnCbwError.BreakSnapshot, CbwTimeout = 5,
                Bitmap = new() { Node = "d", Name = "b" },
            }),
            """{"execute":"blockdev-add","arguments":{"driver":"copy-before-write","node-name":"c","file":"d","target":"t","bitmap":{"node":"d","name":"b"},"on-cbw-error":"break-snapshot","cbw-timeout":5}}"""
        },
        {
            BlockCoreCommands.BlockdevAdd.With(new BlockdevOptionsNbd { Server = SocketAddress.Inet("h", 10809), Export = "x" }),
            """{"execute":"blockdev-add","arguments":{"driver":"nbd","server":{"type":"inet","host":"h","port":"10809"},"export":"x"}}"""
        },
        {
            BlockCoreCommands.BlockdevAdd.With(BlockdevOptionsJson.FromElement(Json("""{"driver":"null-aio","node-name":"n","size":1}"""))),
            """{"execute":"blockdev-add","arguments":{"driver":"null-aio","node-name":"n","size":1}}"""
        },
        {
            BlockCoreCommands.BlockdevCreate.With(new() { JobId = "j", Options = new BlockdevCreateOptionsQcow2 { File = "f", Size = 5 } }),
            """{"execute":"blockdev-create","arguments":{"job-id":"j","options":{"driver":"qcow2","file":"f","size":5}}}"""
        },
        {
            BlockExportCommands.NbdServerStart.With(new() { Address = SocketAddressLegacy.Unix("/s"), MaxConnections = 4, TlsCreds = "t" }),
            """{"execute":"nbd-server-start","arguments":{"addr":{"type":"unix","data":{"path":"/s"}},"tls-creds":"t","max-connections":4}}"""
        },
        {
            BlockExportCommands.BlockExportAdd.With(new BlockExportOptionsNbd
            {
                Id = "e", NodeName = "n", Name = "x", Writable = false, Bitmaps = [new BlockDirtyBitmap { Node = "d", Name = "b" }], AllocationDepth = true,
            }),
            """{"execute":"block-export-add","arguments":{"type":"nbd","id":"e","node-name":"n","name":"x","bitmaps":[{"node":"d","name":"b"}],"allocation-depth":true,"writable":false}}"""
        },
        {
            QomCommands.ObjectAdd.With(new ObjectOptionsTlsCredsX509
            {
                Id = "t", Dir = "/pki", Endpoint = QCryptoTlsCredsEndpoint.Server, VerifyPeer = true,
            }),
            """{"execute":"object-add","arguments":{"qom-type":"tls-creds-x509","id":"t","dir":"/pki","endpoint":"server","verify-peer":true}}"""
        },
        {
            QomCommands.ObjectAdd.With(new ObjectOptionsThrottleGroup { Id = "g", Limits = new() { BpsTotal = 5, IopsReadMaxLength = 2 } }),
            """{"execute":"object-add","arguments":{"qom-type":"throttle-group","id":"g","limits":{"iops-read-max-length":2,"bps-total":5}}}"""
        },
        {
            TransactionCommands.Transaction.With(new()
            {
                Actions =
                [
                    TransactionAction.BlockDirtyBitmapAdd(new() { Node = "d", Name = "n" }),
                    TransactionAction.BlockdevBackup(new() { JobId = "j", Device = "d", Target = "t", Sync = MirrorSyncMode.None, AutoDismiss = false }),
                    TransactionAction.BlockDirtyBitmapDisable(new() { Node = "d", Name = "o" }),
                    TransactionAction.Abort(),
                    TransactionActionJson.FromElement(Json("""{"type":"x","data":{"a":[1]}}""")),
                ],
                Properties = new() { CompletionMode = ActionCompletionMode.Individual },
            }),
            """{"execute":"transaction","arguments":{"actions":[{"type":"block-dirty-bitmap-add","data":{"node":"d","name":"n"}},{"type":"blockdev-backup","data":{"job-id":"j","device":"d","sync":"none","auto-dismiss":false,"target":"t"}},{"type":"block-dirty-bitmap-disable","data":{"node":"d","name":"o"}},{"type":"abort","data":{}},{"type":"x","data":{"a":[1]}}],"properties":{"completion-mode":"individual"}}}"""
        },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_request_becomes_exactly_the_json_that_qemu_expects(QmpRequest request, string json)
    {
        request.ToJson().Should().Be(json);
        request.ToString().Should().Be(json);
    }

    [Fact]
    public void Every_transaction_action_is_sent_under_its_QAPI_name()
    {
        var bitmap = new BlockDirtyBitmap { Node = "d", Name = "b" };
        Dictionary<string, TransactionAction> actions = new()
        {
            ["abort"] = TransactionAction.Abort(),
            ["block-dirty-bitmap-add"] = TransactionAction.BlockDirtyBitmapAdd(new() { Node = "d", Name = "b" }),
            ["block-dirty-bitmap-remove"] = TransactionAction.BlockDirtyBitmapRemove(bitmap),
            ["block-dirty-bitmap-clear"] = TransactionAction.BlockDirtyBitmapClear(new() { Node = "d", Name = "b" }),
            ["block-dirty-bitmap-enable"] = TransactionAction.BlockDirtyBitmapEnable(new() { Node = "d", Name = "b" }),
            ["block-dirty-bitmap-disable"] = TransactionAction.BlockDirtyBitmapDisable(bitmap),
            ["block-dirty-bitmap-merge"] = TransactionAction.BlockDirtyBitmapMerge(new() { Node = "d", Target = "t", Bitmaps = ["b"] }),
            ["blockdev-backup"] = TransactionAction.BlockdevBackup(new() { Device = "d", Target = "t", Sync = MirrorSyncMode.None }),
            ["blockdev-snapshot"] = TransactionAction.BlockdevSnapshot(new() { Node = "d", Overlay = "o" }),
            ["blockdev-snapshot-sync"] = TransactionAction.BlockdevSnapshotSync(new() { NodeName = "d", SnapshotFile = "f" }),
            ["blockdev-snapshot-internal-sync"] = TransactionAction.BlockdevSnapshotInternalSync(new() { Device = "d", Name = "s" }),
            ["drive-backup"] = TransactionAction.DriveBackup(new() { Device = "d", Target = "/f", Sync = MirrorSyncMode.Full }),
        };
        foreach ((var type, var action) in actions)
        {
            var json = JsonSerializer.Serialize(action, QapiJson.Object<TransactionAction>());
            json.Should().StartWith($$"""{"type":"{{type}}","data":{""");
            var back = JsonSerializer.Deserialize(json, QapiJson.Object<TransactionAction>())!;
            JsonSerializer.Serialize(back, QapiJson.Object<TransactionAction>()).Should().Be(json);
            back.GetType().Should().Be(action.GetType());
            back.Should().Be(action);
        }

        TransactionAction.BlockDirtyBitmapEnable(new() { Node = "d", Name = "b" }).Should().Be(TransactionAction.BlockDirtyBitmapEnable(bitmap));
    }

    [Fact]
    public void Unions_are_read_in_any_order_of_their_members()
    {
        var options = JsonSerializer.Deserialize(
            """{"file":{"filename":"/a","driver":"file"},"backing":null,"node-name":"n","driver":"qcow2"}""",
            QapiJson.Object<BlockdevOptions>())!;
        var image = options.Should().BeOfType<BlockdevOptionsQcow2>().Subject;
        image.File.Definition.Should().BeOfType<BlockdevOptionsFile>().Which.Filename.Should().Be("/a");
        image.Backing.Should().Be(BlockdevRefOrNull.Null);

        JsonSerializer.Deserialize("""{"driver":"newfs","file":"f"}""", QapiJson.Object<BlockdevOptions>())
            .Should().BeOfType<BlockdevOptionsJson>().Which.Driver.Value.Should().Be("newfs");
        JsonSerializer.Deserialize("""{"node-name":"n","id":"e","type":"newtype","mountpoint":"/m"}""", QapiJson.Object<BlockExportOptions>())
            .Should().BeOfType<BlockExportOptionsJson>().Which.Id.Should().Be("e");
        // As QEMU before 9.1 sends what became a union later.
        JsonSerializer.Deserialize("{}", QapiJson.Object<BlockdevOptions>())
            .Should().BeOfType<BlockdevOptionsJson>().Which.Driver.Value.Should().BeEmpty();
        foreach (var bad in (string[])["5", """{"driver":5}""", """{"driver":"qcow2"}"""])
        {
            Action read = () => JsonSerializer.Deserialize(bad, QapiJson.Object<BlockdevOptions>());
            read.Should().Throw<JsonException>(bad);
        }
    }

    [Fact]
    public void Indented_json_has_one_member_per_line()
    {
        BlockCoreCommands.BlockDirtyBitmapRemove.With(new() { Node = "d", Name = "<ü & 'b'>" }).ToJson(indented: true).Should().Be(
            "{\n  \"execute\": \"block-dirty-bitmap-remove\",\n  \"arguments\": {\n    \"node\": \"d\",\n    \"name\": \"<ü & 'b'>\"\n  }\n}");
    }

    [Fact]
    public void A_request_keeps_its_arguments_when_the_source_changes()
    {
        QmpRequest request;
        using (var document = JsonDocument.Parse("""{"a":1}"""))
            request = QmpRequest.Raw("x", document.RootElement);
        request.ToJson().Should().Be("""{"execute":"x","arguments":{"a":1}}""");
        request.AsOutOfBand().ToJson().Should().Be("""{"exec-oob":"x","arguments":{"a":1}}""");

        Action array = () => QmpRequest.Raw("x", Json("[]"));
        array.Should().Throw<ArgumentException>();
        Action nothing = () => QmpRequest.Raw(" ");
        nothing.Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Secrets_are_sent_but_not_shown_in_text()
    {
        var secret = new ObjectOptionsSecret { Id = "s", Data = "hunter2", Format = QCryptoSecretFormat.Raw };
        var request = QomCommands.ObjectAdd.With(secret);

        request.ToJson().Should().Be(
            """{"execute":"object-add","arguments":{"qom-type":"secret","id":"s","data":"hunter2","format":"raw"}}""");
        request.ToString().Should().NotContain("hunter2").And.Contain("***");
        secret.ToString().Should().NotContain("hunter2");
        new HumanMonitorCommandArguments { CommandLine = "set_password vnc hunter2" }.ToString().Should().NotContain("hunter2");
        QmpRequest.Raw("set_password", Json("""{"protocol":"vnc","password":"hunter2"}""")).ToString().Should().NotContain("hunter2");
        QmpRequest.Raw("x", Json("""{"data":"kept","password":{"a":1}}""")).ToString().Should().Contain("kept");
    }

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
