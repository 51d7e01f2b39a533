import Experiments
import Pipeline
import TestSupport
import Testing
import Timekeeping

/// When faults are said to be seen and recovered from, slice by slice.
@Suite struct FaultWatchTests {
    private static let start = Timestamp(seconds: 1_769_904_000)

    /// The watch of `faults`, which are items of a list in YAML.
    private static func watch(_ faults: String) throws -> FaultWatch {
        let scenario = try ScenarioDocument.parse(
            text: ShippedStorefront.scenario(of: faults),
            file: "faults.yaml",
            for: ShippedStorefront.document(),
            lasting: nil
        )
        return FaultWatch(FaultPlan(scenario, start: start, lasting: nil, seed: 1))
    }

    /// The seconds from the start.
    private static func seconds(_ instant: Timestamp?) -> Double? {
        instant.map { ($0 - start).inSeconds }
    }

    @Test func `what waits after a fault is held to the worst calm slice, not to the last`() throws
    {
        var watch = try Self.watch("{kind: crash, target: ingest, at: 40s, for: 20s}")
        // Calm until 40 s, with a low draw just before the fault.
        let slices: [(waiting: Int64, bad: [String])] = [
            (1200, []), (900, []), (1400, []), (10, []), (30_000, ["freshness"]),
            (40_000, ["availability", "freshness"]), (9000, ["freshness"]), (1500, []), (1390, []),
        ]
        for (place, slice) in slices.enumerated() {
            let end = Self.start + .seconds(10 * (place + 1))
            watch.see(sliceEndingAt: end, bad: slice.bad, backlog: slice.waiting)
        }
        #expect(Self.seconds(watch.sights[0].visible) == 50)
        #expect(watch.sights[0].seenBy == ["freshness"])
        #expect(Self.seconds(watch.sights[0].recovered) == 90)
    }

    @Test func `a slice is not calm while a fault is not recovered from`() throws {
        var watch = try Self.watch(
            """
            {kind: hang, target: ingest, at: 10s, for: 20s}, \
            {kind: crash, target: ingest, at: 60s, for: 10s}
            """
        )
        // Nothing is bad, but 5,000 wait after the first fault, which is no measure for the second.
        let waiting: [Int64] = [100, 5000, 5000, 5000, 90, 80, 5000, 4000, 100]
        for (place, waiting) in waiting.enumerated() {
            let end = Self.start + .seconds(10 * (place + 1))
            watch.see(sliceEndingAt: end, bad: [], backlog: waiting)
        }
        #expect(watch.sights.map { Self.seconds($0.recovered) } == [50, 90])
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `a fault that changes nothing is recovered from within a few slices`(
        seed: UInt64
    ) throws {
        var watch = try Self.watch("{kind: duplicate, target: storefront, at: 10m, for: 10m}")
        var chance = Randomness(seed: seed)
        for slice in 1...360 {
            watch.see(
                sliceEndingAt: Self.start + .seconds(10 * slice),
                bad: [],
                backlog: Int64(chance.below(1000))
            )
        }
        // The chance that the next of n draws is beyond all sixty before is one in sixty-one.
        let recovered = try #require(Self.seconds(watch.sights[0].recovered))
        #expect(recovered >= 1200 && recovered <= 1250)
        #expect(watch.sights[0].visible == nil)
    }
}
