import Broker
import Commerce
import Stages
import Storage
import TestSupport
import Testing
import Timekeeping

struct LatencyRecorderTests {
    /// The histogram has three significant digits: a value is at most 0.1% too high.
    private func isNear(_ found: Int64, _ exact: Int64) -> Bool {
        found >= exact && Double(found - exact) <= 0.001 * Double(exact)
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `percentiles are those of the sorted values within a thousandth`(seed: UInt64) {
        var random = Randomness(seed: seed)
        var recorder = LatencyRecorder()
        let values = (0..<5000).map { _ in
            // From nanoseconds to minutes, evenly on a logarithmic scale.
            Int64(1) << Int64(random.below(36)) + Int64(random.below(1000))
        }
        for value in values {
            recorder.record(value)
        }
        let sorted = values.sorted()
        let summary = recorder.summary
        #expect(summary.count == 5000)
        #expect(isNear(summary.p50, sorted[2499]))
        #expect(isNear(summary.p90, sorted[4499]))
        #expect(isNear(summary.p99, sorted[4949]))
        #expect(isNear(summary.p999, sorted[4994]))
        #expect(isNear(summary.maximum, sorted[4999]))
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `runs of equal values count like the values one by one`(seed: UInt64) {
        var random = Randomness(seed: seed)
        var runs = LatencyRecorder()
        var reference: [Int64] = []
        var parts = [LatencyRecorder(), LatencyRecorder()]
        for _ in 0..<200 {
            let value = Int64(random.below(5_000_000_000))
            let count = Int64(random.below(20) + 1)
            runs.record(value, count: count)
            reference += Array(repeating: value, count: Int(count))
        }
        // Alternating between two recorders keeps either from ever seeing a run.
        for (place, value) in reference.shuffled(using: &random).enumerated() {
            parts[place % 2].record(value)
        }
        parts[0].add(parts[1])
        #expect(parts[0].summary == runs.summary)
        #expect(runs.summary.count == Int64(reference.count))
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `the counts up to bounds are those of the values within a thousandth`(seed: UInt64) {
        var random = Randomness(seed: seed)
        var recorder = LatencyRecorder()
        let bounds: [Int64] = [0, 1000, 250_000, 1_000_000, 40_000_000_000, .max]
        let values = (0..<3000).map { _ in
            Int64(1) << Int64(random.below(36)) + Int64(random.below(1000))
        }
        for value in values {
            recorder.record(value)
        }
        let found = recorder.distribution(upTo: bounds)
        #expect(found.count == 3000)
        for (bound, count) in zip(bounds, found.counts) {
            // Only those that lie as near to the bound as this may be on its other side.
            let nearest = Double(bound) * 0.999
            let fewest = values.count { Double($0) <= nearest }
            let most = values.count { $0 <= bound }
            #expect((fewest...most).contains(Int(count)), "up to \(bound)")
        }
        let sum = values.reduce(0.0) { $0 + Double($1) }
        #expect(abs(found.sum - sum) <= 0.001 * sum)
    }

    @Test func `nothing recorded is a distribution of nothing`() {
        let found = LatencyRecorder().distribution(upTo: [1, 2])
        #expect(found.counts == [0, 0])
        #expect(found.count == 0)
        #expect(found.sum == 0)
    }

    @Test func `values out of range are recorded at the ends`() {
        var recorder = LatencyRecorder()
        recorder.record(-5)
        #expect(recorder.summary.maximum == 0)
        recorder.record(.max)
        #expect(isNear(recorder.summary.maximum, LatencyRecorder.longest))
    }

    @Test func `long outages of many messages are recorded without end`() {
        var recorder = LatencyRecorder()
        recorder.record(LatencyRecorder.longest, count: 10_000_000_000)
        let found = recorder.distribution(upTo: [1, LatencyRecorder.longest * 2])
        #expect(found.counts == [0, 10_000_000_000])
        #expect(found.sum == 8.64e23)
        #expect(recorder.summary.p50 == LatencyRecorder.longest)
    }

    @Test func `a bucket ends where the next one begins`() {
        for power in 0..<36 {
            for value in [1, 3, 5].map({ Int64($0) << Int64(power) }) {
                var recorder = LatencyRecorder()
                recorder.record(value - 1)
                recorder.record(value)
                #expect(isNear(recorder.summary.p50, value - 1))
                #expect(recorder.summary.maximum == value)
            }
        }
    }

    @Test func `nothing recorded is all zeros`() {
        #expect(LatencyRecorder().summary == LatencySummary())
    }

    @Test func `the mean is that of what was recorded, and not of buckets`() {
        var recorder = LatencyRecorder()
        recorder.record(1_000_001, count: 3)
        recorder.record(9_000_001)
        // (3 · 1,000,001 + 9,000,001) / 4 = 3,000,001.
        #expect(recorder.summary.mean == 3_000_001)
    }

    /// Slices move into the total while others read it: a reading must hold each value once.
    @Test(.timeLimit(.minutes(20)))
    func `a total holds every latency once while slices are taken`() async {
        let meter = StageMeter(name: "ingest")
        let batch = Shop().views(10)
        meter.recordLatency(batch, .range(0..<10), at: Shop.epoch + .seconds(1))
        await withTaskGroup { group in
            group.addTask {
                for _ in 0..<100 {
                    _ = meter.takeSlice()
                    // One value is put back, so that there is something to take each time.
                    meter.recordLatency(batch, .range(0..<1), at: Shop.epoch + .seconds(1))
                }
            }
            group.addTask {
                var last: Int64 = 10
                for _ in 0..<100 {
                    let count = meter.total.latency.summary.count
                    #expect(count >= last && count <= 110)
                    last = count
                }
            }
        }
        #expect(meter.total.latency.summary.count == 110)
    }
}
