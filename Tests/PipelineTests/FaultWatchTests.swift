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

    @Test func `how long one waits after a fault is held to the worst calm slice`() throws {
        var watch = try Self.watch("{kind: crash, target: ingest, at: 40s, for: 20s}")
        // Calm until 40 s, with a low draw just before the fault.
        let slices: [(oldest: Double, bad: [String])] = [
            (12, []), (9, []), (14, []), (0.1, []), (300, ["freshness"]),
            (400, ["availability", "freshness"]), (90, ["freshness"]), (15, []), (13.9, []),
        ]
        for (place, slice) in slices.enumerated() {
            let end = Self.start + .seconds(10 * (place + 1))
            watch.see(sliceEndingAt: end, bad: slice.bad, oldest: .seconds(slice.oldest))
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
        // Nothing is bad, but one waits for 50 s after the first fault, which is no measure for the
        // second.
        let waits = [1, 50, 50, 50, 0.9, 0.8, 50, 40, 1]
        for (place, wait) in waits.enumerated() {
            let end = Self.start + .seconds(10 * (place + 1))
            watch.see(sliceEndingAt: end, bad: [], oldest: .seconds(wait))
        }
        #expect(watch.sights.map { Self.seconds($0.recovered) } == [50, 90])
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `a fault that changes nothing is recovered from when it ends`(
        seed: UInt64
    ) throws {
        var watch = try Self.watch("{kind: duplicate, target: storefront, at: 10m, for: 10m}")
        var chance = Randomness(seed: seed)
        for slice in 1...360 {
            watch.see(
                sliceEndingAt: Self.start + .seconds(10 * slice),
                bad: [],
                // What was published within the slice: before the fault nothing waits when a slice
                // ends, after it there is always something.
                oldest: slice < 60 ? .zero : .milliseconds(1 + Int64(chance.below(9999)))
            )
        }
        #expect(Self.seconds(watch.sights[0].recovered) == 1200)
        #expect(watch.sights[0].visible == nil)
    }
}
