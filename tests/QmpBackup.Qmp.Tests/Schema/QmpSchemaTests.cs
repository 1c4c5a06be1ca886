using System.Text.Json;

namespace QmpBackup.Qmp.Tests;

public sealed class QmpSchemaTests
{
    private static readonly QmpSchema Schema = QmpSchema.Parse(JsonDocument.Parse("""
        [
          {"name":"cmd","meta-type":"command","arg-type":"0","ret-type":"[9]","features":["unstable"]},
          {"name":"plain","meta-type":"command","arg-type":"8","ret-type":"8"},
          {"name":"EV","meta-type":"event","arg-type":"8"},
          {"name":"0","meta-type":"object","tag":"driver","members":[{"name":"driver","type":"1"},{"name":"list","type":"[2]","default":null}],
            "variants":[{"case":"a","type":"3"},{"case":"b","type":"4"}]},
          {"name":"1","meta-type":"enum","members":[{"name":"a"},{"name":"b"}],"values":["a","b"]},
          {"name":"[2]","meta-type":"array","element-type":"2"},
          {"name":"2","meta-type":"alternate","members":[{"type":"str"},{"type":"5"}]},
          {"name":"3","meta-type":"object","members":[{"name":"only-a","type":"str"},{"name":"child","type":"6"}]},
          {"name":"4","meta-type":"object","members":[{"name":"only-b","type":"7"}]},
          {"name":"5","meta-type":"object","members":[{"name":"node","type":"str"}]},
          {"name":"6","meta-type":"alternate","members":[{"type":"str"},{"type":"0"}]},
          {"name":"7","meta-type":"enum","values":["old"]},
          {"name":"8","meta-type":"object","members":[]},
          {"name":"[9]","meta-type":"array","element-type":"9"},
          {"name":"9","meta-type":"object","members":[{"name":"out","type":"str"}]},
          {"name":"loop","meta-type":"array","element-type":"loop"},
          {"name":"looping","meta-type":"command","arg-type":"loop"},
          {"name":"dangling","meta-type":"command","arg-type":"nowhere"},
          {"name":"str","meta-type":"builtin","json-type":"string"},
          {"no-name":1}, 5, null
        ]
        """).RootElement);

    [Theory]
    [InlineData("cmd", "driver", true)]
    [InlineData("cmd", "only-a", true)]
    [InlineData("cmd", "driver=a/only-a", true)]
    [InlineData("cmd", "driver=b/only-a", false)]
    [InlineData("cmd", "driver=c/only-a", false)]
    [InlineData("cmd", "other=a/only-a", false)]
    [InlineData("cmd", "list", true)]
    [InlineData("cmd", "list/node", true)]
    [InlineData("cmd", "list/none", false)]
    [InlineData("cmd", "child/driver=b/only-b", true)]
    [InlineData("cmd", "child/child/child/list/node", true)]
    [InlineData("cmd", "list/node/deeper", false)]
    [InlineData("cmd", "out", false)]
    [InlineData("plain", "driver", false)]
    [InlineData("EV", "driver", false)]
    [InlineData("absent", "driver", false)]
    [InlineData("looping", "a", false)]
    [InlineData("dangling", "a", false)]
    public void An_argument_is_found_by_its_path(string command, string path, bool expected) =>
        Schema.HasArgument(command, path).Should().Be(expected);

    [Theory]
    [InlineData("cmd", """{"driver":"a","only-a":"x","child":"y","list":["s",{"node":"n"}]}""")]
    [InlineData("cmd", """{"driver":"b","only-b":"new"}""", "only-b=new")]
    [InlineData("cmd", """{"driver":"c","more":1}""", "driver=c")]
    [InlineData("cmd", """{"driver":"a","child":{"driver":"b","odd":1},"list":["s",{"node":"n","extra":true},5]}""", "child/odd", "list/extra", "list")]
    [InlineData("plain", """{"any":1}""", "any")]
    [InlineData("device_add", """{"any":1}""", "device_add")]
    [InlineData("looping", """{"any":1}""")]
    [InlineData("dangling", """{"any":1}""")]
    public void The_parts_of_a_request_that_QEMU_does_not_know_are_found_before_it_is_sent(string command, string arguments, params string[] unknown) =>
        Schema.Unsupported(QmpRequest.Raw(command, JsonDocument.Parse(arguments).RootElement)).Should().Equal(unknown);

    [Fact]
    public void Commands_events_values_features_and_results_are_found()
    {
        Schema.HasCommand("cmd").Should().BeTrue();
        Schema.HasCommand("EV").Should().BeFalse();
        Schema.HasEvent("EV").Should().BeTrue();
        Schema.HasEvent("cmd").Should().BeFalse();
        Schema.Commands.Should().Equal("cmd", "dangling", "looping", "plain");
        Schema.Events.Should().Equal("EV");
        Schema.HasFeature("cmd", "unstable").Should().BeTrue();
        Schema.HasFeature("plain", "unstable").Should().BeFalse();
        Schema.HasEnumValue("cmd", "driver", "b").Should().BeTrue();
        Schema.HasEnumValue("cmd", "driver", "c").Should().BeFalse();
        Schema.HasEnumValue("cmd", "only-b", "old").Should().BeTrue("versions before 6.2 list values only");
        Schema.HasResult("cmd", "out").Should().BeTrue();
        Schema.HasResult("cmd", "driver").Should().BeFalse();
    }

    [Fact]
    public void Json_that_is_not_a_schema_is_refused()
    {
        Action parse = () => QmpSchema.Parse(JsonDocument.Parse("{}").RootElement);
        parse.Should().Throw<JsonException>();
    }
}
