import SLO
import Testing
import Timekeeping

@Suite struct MeasuredNumberTests {
    private static func number(_ text: String) throws -> MeasuredNumber {
        try #require(MeasuredNumber(text), "\(text)")
    }

    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("007", "7"), ("100", "100"), ("1e3", "1000"), ("1.50", "1.5"),
        ("+2.5E-4", "0.00025"), ("44.197872287004095", "44.197872287004095"),
        ("0.0033333333333333335", "0.0033333333333333335"),
        ("1.1574074074074073e-05", "0.000011574074074074073"), ("1.2e+01", "12"),
        ("123456789012345678901234567890123456", "123456789012345678901234567890123456"),
    ])
    func `a number is read as it is written`(text: String, written: String) throws {
        #expect(try Self.number(text).description == written)
    }

    @Test(arguments: [
        "", ".", "1.", ".5", "-", "NaN", "+Inf", "1,5", "1e", "1e999", "0x1", "1 ", "1.2.3",
        "1234567890123456789012345678901234567",
    ])
    func `what is none is refused`(text: String) {
        #expect(MeasuredNumber(text) == nil)
    }

    @Test func `numbers compare exactly, however fine they are`() throws {
        let ordered = try [
            "-2", "-1e-30", "0", "1e-300", "1.2345678901234567e-05", "0.25", "0.25000000000000006",
            "1", "1e30",
        ].map(Self.number)
        for (left, a) in ordered.enumerated() {
            for (right, b) in ordered.enumerated() {
                #expect((a < b) == (left < right), "\(a) < \(b)")
            }
        }
    }

    @Test func `sums, differences and rates are exact`() throws {
        let (a, b) = (try Self.number("0.1"), try Self.number("0.2"))
        #expect(a.adding(b) == (try Self.number("0.3")))
        #expect(a.subtracting(b) == (try Self.number("-0.1")))
        // One event in five minutes, as Prometheus writes it, over a slice of 15 s.
        let rate = try Self.number("0.0033333333333333335")
        #expect(rate.over(nanoseconds: 15_000_000_000)?.description == "0.0500000000000000025")
    }

    @Test func `what is finer than counts are kept is rounded to the even one of two`() throws {
        let half = try Self.number("0.0000000000000000000000005")
        #expect(half.counted == .zero)
        #expect(try Self.number("0.0000000000000000000000015").counted.description.hasSuffix("2"))
        #expect(try Self.number("2.5").units(at: 0) == (2, true))
        #expect(try Self.number("-3.5").units(at: 0) == (-4, true))
        #expect(try Self.number("3.5").units(at: 2) == (350, false))
    }

    @Test func `whole slices stay whole, and a fraction moves all to its unit`() {
        var gathered = SliceGatherer()
        let at = { (minute: Int64) in Timestamp(seconds: minute * 60) }
        #expect(gathered.append(start: at(0), good: 9, total: 10) == nil)
        #expect(gathered.scale == .whole && gathered.slices[0].total == 10)
        let quarter = MeasuredNumber(digits: 25, scale: 2)
        #expect(gathered.append(start: at(1), good: quarter, total: 1) == nil)
        #expect(gathered.scale.places == 2)
        #expect(gathered.slices.map(\.good) == [900, 25] && gathered.slices[0].total == 1000)
        #expect(gathered.append(start: at(2), good: 2, total: 1) == .goodExceedsTotal)
        #expect(gathered.append(start: at(2), good: -1, total: 1) == .negative)
        let most = MeasuredNumber(Slice.largestTotal)
        #expect(gathered.append(start: at(2), good: 0, total: most.adding(1) ?? 0) == .implausible)
        // The largest and the finest of all in one: the finest gives way, and is counted.
        let fine = MeasuredNumber(digits: 1, scale: 24)
        #expect(gathered.append(start: at(2), good: fine, total: fine) == nil)
        // Ten events are 10^24 units, the most that a slice may have, at 23 places.
        #expect(gathered.scale.places == 23 && gathered.rounded == 1)
        #expect(gathered.append(start: at(3), good: most, total: most) == nil)
        #expect(gathered.scale.places == 12)
        #expect(gathered.scale.events(gathered.slices[0].total) == 10)
        #expect(gathered.scale.events(gathered.slices[1].good) == quarter)
    }
}
