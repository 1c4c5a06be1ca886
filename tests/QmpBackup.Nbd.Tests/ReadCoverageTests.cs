using CsCheck;
using QmpBackup.Nbd.Transmission;

namespace QmpBackup.Nbd.Tests;

public sealed class ReadCoverageTests
{
    [Fact]
    public void Pieces_in_any_order_are_complete_when_all_have_arrived() =>
        Gen.Select(Gen.Long[1, 50].Array[1, 40], Gen.Int).Sample((lengths, seed) =>
        {
            var pieces = new List<(long Start, long End)>();
            foreach (var length in lengths)
                pieces.Add((pieces.Count == 0 ? 0 : pieces[^1].End, (pieces.Count == 0 ? 0 : pieces[^1].End) + length));
            var total = pieces[^1].End;
            var shuffled = pieces.ToArray();
            new Random(seed).Shuffle(shuffled);
            var coverage = new ReadCoverage();
            for (var i = 0; i < shuffled.Length; i++)
            {
                coverage.IsComplete(total).Should().BeFalse();
                coverage.Add(shuffled[i].Start, shuffled[i].End).Should().BeNull();
                coverage.Add(shuffled[i].Start, shuffled[i].Start + 1).Should().Contain("overlaps");
                coverage.Add(shuffled[i].End - 1, shuffled[i].End).Should().Contain("overlaps");
            }

            coverage.IsComplete(total).Should().BeTrue();
        });

    [Fact]
    public void Range_around_an_earlier_range_overlaps()
    {
        var coverage = new ReadCoverage();
        coverage.Add(10, 20).Should().BeNull();
        coverage.Add(0, 30).Should().Contain("overlaps");
        coverage.Add(5, 11).Should().Contain("overlaps");
        coverage.Add(0, 10).Should().BeNull();
        coverage.Add(20, 30).Should().BeNull();
        coverage.IsComplete(30).Should().BeTrue();
    }
}
