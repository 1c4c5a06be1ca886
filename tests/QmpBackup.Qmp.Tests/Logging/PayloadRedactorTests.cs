using System.Text;

namespace QmpBackup.Qmp.Tests;

public sealed class PayloadRedactorTests
{
    [Theory]
    [InlineData("""{"arguments":{"qom-type":"secret","data":"hunter2"}}""", """{"arguments":{"qom-type":"secret","data":"***"}}""")]
    [InlineData("""{"arguments":{"data":"hunter2","qom-type":"secret_keyring"}}""", """{"arguments":{"data":"***","qom-type":"secret_keyring"}}""")]
    [InlineData("""{"qom-type":"secret","props":{"data":"hunter2"}}""", """{"qom-type":"secret","props":{"data":"***"}}""")]
    [InlineData("""{"a":[{"password":"hunter2"},{"passwd":5}]}""", """{"a":[{"password":"***"},{"passwd":"***"}]}""")]
    [InlineData("""{"command-line":"object_add secret,id=a,data=hunter2"}""", """{"command-line":"***"}""")]
    [InlineData("""{"command-line":"info block","data":"shown"}""", """{"command-line":"info block","data":"shown"}""")]
    [InlineData("""{ "pretty" : [ 1, true ] }""", """{"pretty":[1,true]}""")]
    public void Secrets_are_left_out_and_the_rest_is_shown(string json, string expected) =>
        PayloadRedactor.Redact(Encoding.UTF8.GetBytes(json), maxDepth: 64).Should().Be(expected);

    [Theory]
    [InlineData("""{"password":"hunter2""")]
    [InlineData("password hunter2")]
    [InlineData("""{"a":"\ud800"}""")]
    public void A_payload_that_cannot_be_parsed_is_not_shown(string text) =>
        PayloadRedactor.Redact(Encoding.UTF8.GetBytes(text), maxDepth: 64).Should().NotContain("hunter2");

    [Fact]
    public void Long_messages_are_cut_and_control_characters_escaped()
    {
        var shown = PayloadRedactor.Redact(Encoding.UTF8.GetBytes("{\"a\":\"\u202e" + new string('x', 100_000) + "\"}"), maxDepth: 64);

        shown.Length.Should().BeLessThan(10_000);
        shown.Should().StartWith("{\"a\":\"\\u202exxx").And.EndWith(" characters)");
    }
}
