using System.Text.Json;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Qmp.Tests;

/// <summary>Events that are not in the corpus, as in the QAPI documentation.</summary>
public sealed class EventDataTests
{
    [Fact]
    public void An_io_error_event_names_the_node_and_says_whether_space_ran_out()
    {
        var data = Event(
            """{"device":"","node-name":"flt0","qom-path":"/machine/x","operation":"write","action":"stop","nospace":true,"reason":"No space left on device"}""")
            .GetData(BlockIOErrorEvent.JsonTypeInfo);

        data.Should().Be(new BlockIOErrorEvent
        {
            Device = string.Empty,
            NodeName = "flt0",
            QomPath = "/machine/x",
            Operation = IoOperationType.Write,
            Action = BlockErrorAction.Stop,
            NoSpace = true,
            Reason = "No space left on device",
        });
    }

    [Fact]
    public void Events_that_are_not_in_the_corpus_are_read()
    {
        Event("""{"type":"backup","device":"j","len":5,"offset":5,"speed":0,"error":"e"}""")
            .GetData(BlockJobCompletedEvent.JsonTypeInfo).Should()
            .Be(new BlockJobCompletedEvent { Type = JobType.Backup, Device = "j", Length = 5, Offset = 5, Speed = 0, Error = "e" });
        Event("""{"type":"mirror","device":"j","len":5,"offset":4,"speed":9}""")
            .GetData(BlockJobReadyEvent.JsonTypeInfo).Speed.Should().Be(9);
        Event("""{"device":"j","operation":"read","action":"report"}""")
            .GetData(BlockJobErrorEvent.JsonTypeInfo).Operation.Should().Be(IoOperationType.Read);
        Event("""{"type":"backup","id":"j"}""").GetData(BlockJobPendingEvent.JsonTypeInfo).Id.Should().Be("j");
        Event("""{"node-name":"ovf","amount-exceeded":4096,"write-threshold":1048576}""")
            .GetData(BlockWriteThresholdEvent.JsonTypeInfo).Should()
            .Be(new BlockWriteThresholdEvent { NodeName = "ovf", AmountExceeded = 4096, WriteThreshold = 1048576 });
        Event("""{"device":"","msg":"bad","offset":1,"size":2,"fatal":true}""")
            .GetData(BlockImageCorruptedEvent.JsonTypeInfo).Should()
            .Be(new BlockImageCorruptedEvent { Device = string.Empty, Message = "bad", Offset = 1, Size = 2, Fatal = true });
        Event("""{"path":"/machine/peripheral/vd0","device":"vd0"}""").GetData(DeviceDeletedEvent.JsonTypeInfo).Device.Should().Be("vd0");
        Event("""{"status":"setup"}""").GetData(MigrationEvent.JsonTypeInfo).Status.Should().Be(MigrationStatus.Setup);
    }

    private static QmpEvent Event(string data) => new() { Name = "X", Data = JsonDocument.Parse(data).RootElement };
}
