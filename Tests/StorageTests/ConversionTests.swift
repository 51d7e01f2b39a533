import Commerce
import Storage
import TestSupport
import Testing
import Timekeeping

struct ConversionTests {
    /// A sketch of the hashes of the numbers in `ranges`.
    private func sketch(_ ranges: Range<UInt64>..., capacity: Int = 1024) -> DistinctSketch {
        var sketch = DistinctSketch(capacity: capacity)
        for number in ranges.joined() { sketch.insert(SplitMix64.mix(number)) }
        return sketch
    }

    @Test func `sessions that buy and never viewed convert nothing`() throws {
        // One session views, two others buy: 0 of 1, where the quotient of the counts says 200%.
        let conversion = try #require(
            Conversion(viewing: sketch(1..<2), buying: sketch(10..<12))
        )
        #expect(conversion.share == 0)
        #expect(conversion.isExact)
    }

    @Test func `it is exact while both counts are`() throws {
        // 0..<400 viewed, 300..<500 bought: 100 of 400.
        let conversion = try #require(
            Conversion(viewing: sketch(0..<400), buying: sketch(300..<500))
        )
        #expect(conversion.viewing == 400)
        #expect(conversion.converted == 100)
        #expect(conversion.isExact)
        #expect(Conversion(viewing: sketch(), buying: sketch(1..<9)) == nil)
        #expect(Conversion(viewing: sketch(1..<3), buying: nil)?.share == 0)
    }

    /// Five standard errors of √(p(1 − p)/n) with n = 1024, at 30 seeds and shares.
    @Test(arguments: 0..<30 as Range<UInt64>)
    func `beyond that it is an estimate near the truth and never over 100%`(seed: UInt64) throws {
        let first = seed << 32
        let bought = 40_000 * seed / 29
        let viewing = sketch(first..<first + 40_000)
        let buying = sketch(
            first..<first + bought,
            (first + 100_000)..<(first + 100_000 + 1000 * seed)
        )
        let conversion = try #require(Conversion(viewing: viewing, buying: buying))
        #expect(!conversion.isExact)
        let truth = Double(bought) / 40_000
        let error = (truth * (1 - truth) / Double(conversion.viewing)).squareRoot()
        #expect(abs(conversion.share - truth) <= 5 * error + 1e-9)
        #expect((0...1).contains(conversion.share))
        // Both read back from what is stored of them: the same.
        let again = Conversion(
            viewing: DistinctSketch(capacity: 1024, values: viewing.values),
            buying: DistinctSketch(capacity: 1024, values: buying.values)
        )
        #expect(again == conversion)
    }
}
