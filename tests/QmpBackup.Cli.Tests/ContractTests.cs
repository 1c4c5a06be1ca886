using System.Text.Json;
using System.Text.Json.Nodes;
using QmpBackup.Cli.Json;
using QmpBackup.Planning;

namespace QmpBackup.Cli.Tests;

/// <summary>The JSON documents that scripts depend on, word for word.</summary>
public sealed class ContractTests
{
    private const string Session = """
        {
          "id": "20261123T034712Z-1a2b3c", "chain": "default", "checkpoint": "20261123T034712Z-1a2b3c", "startedAt": "2026-11-23T03:47:12Z",
          "phase": "open", "fleecing": "overlay", "frozenMilliseconds": null, "nbd": "unix:/var/tmp/q/s",
          "disks": [
            { "name": "disk-a", "node": "disk-a", "device": "vd-a", "size": 21474836480, "level": "incremental",
              "reason": "changes since checkpoint 20261122T034712Z-0a0b0c", "parent": "20261122T034712Z-0a0b0c", "export": "disk-a",
              "uri": "nbd+unix:///disk-a?socket=/var/tmp/q/s", "bitmap": "qbackup.default.20261122T034712Z-0a0b0c.on-2a568a5b",
              "metaContext": "qemu:dirty-bitmap:qbackup.default.20261122T034712Z-0a0b0c.on-2a568a5b", "dirtyBytes": 196608, "granularity": 65536 },
            { "name": "vd-b", "node": "#block123", "device": null, "size": 4097, "level": "full", "reason": "full was requested", "parent": null,
              "export": "vd-b", "uri": "nbd+unix:///vd-b?socket=/var/tmp/q/s", "bitmap": null, "metaContext": null, "dirtyBytes": null, "granularity": null }
          ]
        }
        """;

    [Fact]
    public void Start_document_keeps_the_contract() => ShouldEqual(
        JsonText.Of(new SessionDocument(Contract.Session(Given.Session()), ["a remark"]), JsonText.Context.SessionDocument),
        $$"""{ "schemaVersion": 1, "session": {{Session}}, "remarks": ["a remark"] }""");

    [Fact]
    public void Status_document_keeps_the_contract()
    {
        var status = Given.Status();
        ShouldEqual(
            JsonText.Of(new StatusDocument(Contract.Session(status.Session!), null, null, [.. status.Chains.Select(Contract.Chain)]) { Remarks = ["r"] }, JsonText.Context.StatusDocument),
            $$"""
            { "schemaVersion": 1, "session": {{Session}}, "problem": null, "interrupted": null,
              "chains": [ { "name": "default", "checkpoints": [ { "id": "20261122T034712Z-0a0b0c", "disks": ["disk-a"], "state": "disabled" } ] } ],
              "remarks": ["r"] }
            """);
        ShouldEqual(JsonText.Of(new StatusDocument(null, null, Given.Parent, []), JsonText.Context.StatusDocument),
            $$"""{ "schemaVersion": 1, "session": null, "problem": null, "interrupted": "{{Given.Parent}}", "chains": [], "remarks": [] }""");
    }

    [Fact]
    public void Finish_and_abort_documents_keep_the_contract()
    {
        ShouldEqual(JsonText.Of(new CloseDocument("finish", Contract.Closed(Given.Session()), "done", ["r"]), JsonText.Context.CloseDocument),
            """
            { "schemaVersion": 1, "action": "finish", "session": { "id": "20261123T034712Z-1a2b3c", "chain": "default", "startedAt": "2026-11-23T03:47:12Z" },
              "summary": "done", "remarks": ["r"] }
            """);
        ShouldEqual(JsonText.Of(new CloseDocument("abort", null, "nothing", []), JsonText.Context.CloseDocument),
            """{ "schemaVersion": 1, "action": "abort", "session": null, "summary": "nothing", "remarks": [] }""");
    }

    [Fact]
    public void Inspect_document_keeps_the_contract() => ShouldEqual(
        JsonText.Of(Contract.Inspect(VmInspector.Inspect(Given.Vm(), Given.Request())), JsonText.Context.InspectDocument),
        """
        { "schemaVersion": 1, "vm": { "name": "vm1", "uuid": null, "version": "7.2.22", "status": "running" }, "session": null, "interrupted": null, "chain": "default",
          "disks": [
            { "name": "disk-a", "node": "disk-a", "device": "vd-a", "drive": null, "size": 21474836480, "format": "qcow2", "readOnly": false, "persistentBitmaps": true,
              "included": true, "level": "incremental", "reason": "changes since checkpoint 20261122T034712Z-0a0b0c", "parent": "20261122T034712Z-0a0b0c",
              "bitmaps": [
                { "name": "qbackup.default.20261122T034712Z-0a0b0c.on-2a568a5b", "granularity": 65536, "count": 196608, "recording": true, "busy": false, "persistent": true, "inconsistent": false },
                { "name": "foreign\u001b[31m", "granularity": 65536, "count": 0, "recording": false, "busy": false, "persistent": true, "inconsistent": true } ] },
            { "name": "vd-b", "node": "#block123", "device": "vd-b", "drive": "drv-b", "size": 4097, "format": "raw", "readOnly": false, "persistentBitmaps": false,
              "included": true, "level": "full",
              "reason": "no checkpoint of chain default on this disk yet; its bitmap lives in memory, as format raw cannot store one: after a restart of QEMU the next backup is a full one",
              "parent": null, "bitmaps": [] },
            { "name": "cd", "node": "cd", "device": null, "drive": null, "size": 1048576, "format": "raw", "readOnly": true, "persistentBitmaps": false,
              "included": false, "level": null, "reason": "the guest cannot write it: there is nothing to back up while it runs", "parent": null, "bitmaps": [] }
          ], "remarks": [] }
        """);

    [Fact]
    public void A_plan_contains_every_command_exactly_as_it_is_sent()
    {
        var plan = StartPlanner.Plan(Given.Vm(), Given.Request());

        var document = JsonDocument.Parse(JsonText.Of(new PlanDocument(Contract.Plan(plan)), JsonText.Context.PlanDocument)).RootElement.GetProperty("plan");

        document.GetProperty("action").GetString().Should().Be("start");
        document.GetProperty("disks").EnumerateArray().Select(d => d.GetProperty("level").GetString()).Should().Equal("incremental", "full");
        var steps = document.GetProperty("steps").EnumerateArray().ToList();
        steps.Should().HaveCount(plan.Steps.Length);
        for (var i = 0; i < steps.Count; i++)
        {
            var (step, json) = (plan.Steps[i], steps[i]);
            json.EnumerateObject().Select(m => m.Name).Should().Equal("number", "purpose", "kind", "command", "action", "commitPoint", "undo");
            json.GetProperty("number").GetInt32().Should().Be(i + 1);
            json.GetProperty("purpose").GetString().Should().Be(step.Purpose);
            json.GetProperty("action").GetString().Should().Be(step.Describe());
            json.GetProperty("commitPoint").GetBoolean().Should().Be(step.IsCommitPoint);
            json.GetProperty("undo").GetArrayLength().Should().Be(step.Undo.Length);
            if (step is CommandStep { Request: var request })
            {
                json.GetProperty("kind").GetString().Should().Be("qmp");
                JsonElement.DeepEquals(json.GetProperty("command"), JsonDocument.Parse(request.ToJson()).RootElement).Should().BeTrue();
            }
            else
            {
                json.GetProperty("kind").GetString().Should().BeOneOf("wait", "host");
                json.GetProperty("command").ValueKind.Should().Be(JsonValueKind.Null);
            }
        }

        steps.Count(s => s.GetProperty("commitPoint").GetBoolean()).Should().Be(1);
    }

    [Fact]
    public void An_error_has_a_code_a_message_and_a_hint() => ShouldEqual(
        JsonText.Of(new ErrorDocument(new ErrorDto("busy", "A backup is open.", null)), JsonText.Context.ErrorDocument),
        """{ "schemaVersion": 1, "error": { "code": "busy", "message": "A backup is open.", "hint": null } }""");

    private static void ShouldEqual(string actual, string expected)
    {
        actual.Should().EndWith("\n").And.StartWith("{\n  \"schemaVersion\": 1,");
        // Compared as text, so that the order of the members counts too.
        JsonNode.Parse(actual)!.ToJsonString().Should().Be(JsonNode.Parse(expected)!.ToJsonString());
    }
}
