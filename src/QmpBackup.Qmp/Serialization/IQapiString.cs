namespace QmpBackup.Qmp;

/// <summary>
/// A QAPI enumeration as a string. QEMU adds values between versions, so a closed enum would make an answer unreadable.
/// </summary>
internal interface IQapiString<TSelf>
    where TSelf : struct, IQapiString<TSelf>
{
    string Value { get; }

    static abstract TSelf FromString(string value);
}
