namespace QmpBackup.Nbd.Tests.Fakes;

internal sealed record FakeRequest(NbdCommandFlags Flags, NbdCommand Command, ulong Cookie, ulong Offset, ulong Length, byte[] Payload);
