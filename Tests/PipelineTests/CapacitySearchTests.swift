import Experiments
import Pipeline
import Testing
import Timekeeping

/// The search for the highest rate, on machines whose capacity is known.
@Suite struct CapacitySearchTests {
    /// Runs a search against what `holds` says; gives the answer and every rate that was tried.
    private static func run(
        _ search: CapacitySearch,
        holds: (Double) -> Bool
    ) -> (rate: Double?, tried: [Double]) {
        var search = search
        var tried: [Double] = []
        while true {
            switch search.next {
            case .done(let rate): return (rate, tried)
            case .probe(let rate), .confirm(let rate):
                tried.append(rate)
                search.record(holds: holds(rate))
            }
        }
    }

    @Test(arguments: [3.0, 70, 999, 1000, 1001, 12_345, 480_000, 9_999_999], [0.05, 0.1, 0.5])
    func `the answer holds, and what is a little faster does not`(
        capacity: Double,
        precision: Double
    ) throws {
        let search = CapacitySearch(from: 1000, precision: precision)
        let (found, tried) = Self.run(search) { $0 <= capacity }
        let rate = try #require(found)
        #expect(rate <= capacity)
        #expect(rate * (1 + precision) * 1.01 >= capacity || rate + 1 >= capacity)
        #expect(tried.suffix(2) == [rate, rate])
        #expect(tried.count <= 30)
    }

    @Test func `where nothing holds there is no answer`() {
        let (rate, tried) = Self.run(CapacitySearch(from: 1000)) { _ in false }
        #expect(rate == nil)
        #expect(tried.count <= 12)
    }

    @Test func `what holds at every rate ends at the highest that can be asked for`() {
        let (rate, _) = Self.run(CapacitySearch(from: 1000, confirmations: 0)) { _ in true }
        #expect(rate ?? 0 >= CapacitySearch.limits.upperBound)
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func `near the limit chance decides, and the search ends all the same`(seed: UInt64) throws {
        var chance = Randomness(seed: seed)
        // Certain below 900, hopeless above 1100, a matter of luck between.
        let (found, tried) = Self.run(CapacitySearch(from: 100, precision: 0.05)) { rate in
            chance.unit() > (rate - 900) / 200
        }
        let rate = try #require(found)
        #expect(rate > 600 && rate < 1100)
        #expect(tried.count <= 40)
        #expect(tried.suffix(2) == [rate, rate] || tried.count == 40)
    }
}
