import Documents
import Pipeline
import Testing
import Timekeeping

/// How long things take in virtual time.
@Suite struct ServiceTimeTests {
    private static let draws = 20_000

    private static func samples(_ distribution: ServiceTime.Distribution) -> [Double] {
        var chance = Randomness(seed: 7)
        let time = ServiceTime(distribution)
        return (0..<draws).map { _ in time.sample(&chance).inSeconds }.sorted()
    }

    private static func mean(_ samples: [Double]) -> Double {
        samples.reduce(0, +) / Double(samples.count)
    }

    @Test func `a constant time is always the same`() {
        let samples = Self.samples(.constant(.milliseconds(3)))
        #expect(samples.first == 0.003 && samples.last == 0.003)
    }

    @Test func `exponential times have their mean, and its logarithm of 2 as their median`() {
        let samples = Self.samples(.exponential(mean: .seconds(2)))
        // Four standard errors of a mean whose deviation is the mean itself.
        let error = 2 / Double(Self.draws).squareRoot()
        #expect(abs(Self.mean(samples) - 2) < 4 * error)
        #expect(abs(samples[Self.draws / 2] - 2 * 0.693147) < 4 * error)
        #expect(samples.allSatisfy { $0 >= 0 })
    }

    @Test func `lognormal times have their median, and a mean beyond it`() {
        let samples = Self.samples(.lognormal(median: .seconds(1), sigma: 0.5))
        #expect(abs(samples[Self.draws / 2] - 1) < 0.03)
        // exp(sigma²/2)
        #expect(abs(Self.mean(samples) - 1.1331) < 0.03)
        // A deviation above the median, and one below.
        #expect(abs(samples[Self.draws * 84134 / 100_000] - 1.6487) < 0.06)
        #expect(abs(samples[Self.draws * 15866 / 100_000] - 0.6065) < 0.03)
    }

    @Test func `empirical times lie below each quantile as often as it says`() {
        let samples = Self.samples(
            .empirical([
                .init(share: 0.5, time: .milliseconds(10)),
                .init(share: 0.9, time: .milliseconds(50)), .init(share: 1, time: .seconds(1)),
            ])
        )
        for (share, time) in [(0.25, 0.005), (0.5, 0.01), (0.7, 0.03), (0.9, 0.05)] {
            let below = Double(samples.count { $0 < time }) / Double(Self.draws)
            #expect(abs(below - share) < 0.015, "\(time)")
        }
        #expect(samples.allSatisfy { $0 <= 1 })
    }
}
