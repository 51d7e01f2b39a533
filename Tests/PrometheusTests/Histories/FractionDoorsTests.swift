import BigInt
import ObjectiveSamples
import Prometheus
import SLO
import Testing
import Timekeeping

/// The same events through every door by which counts come in: a table, an exposition, and queries
/// that give counts, rates and counters.
///
/// All of them are the sum of what was written, exactly.
@Suite struct FractionDoorsTests {
    typealias Sample = SampleObjective

    /// Thousandths of events a minute, good and bad, so that a rate per second is a decimal too.
    private struct Case {
        var good: [Int]
        var bad: [Int]

        init(seed: UInt64) {
            var chance = Randomness(seed: seed)
            let minutes = 20 + Int(chance.below(200))
            // Multiples of 3: a sixtieth of them is a decimal.
            good = (0..<minutes).map { _ in Int(chance.below(40_000)) * 3 }
            bad = (0..<minutes).map { _ in chance.below(4) == 0 ? Int(chance.below(900)) * 3 : 0 }
        }

        var all: [Int] { zip(good, bad).map(+) }
    }

    /// `thousandths` as a data source writes it.
    private static func text(_ thousandths: Int) -> String {
        MeasuredNumber(digits: Int128(thousandths), scale: 3).description
    }

    private static func instant(_ minute: Int) -> Timestamp {
        Sample.monday + Sample.minute * minute
    }

    // MARK: - Doors

    private static func table(_ example: Case) throws -> RecordedHistory {
        var reader = SliceTableReader(file: "slices.csv")
        try reader.take("start,good,total", number: 1)
        for (minute, good) in example.good.enumerated() {
            let seconds = instant(minute).nanoseconds / 1_000_000_000
            let row = "\(seconds),\(text(good)),\(text(good + example.bad[minute]))"
            try reader.take(row, number: minute + 2)
        }
        return try #require(try reader.finish().series.first).history()
    }

    private static func exposition(_ history: RecordedHistory) throws -> RecordedHistory {
        var text = ""
        try HistoryExport(following: [(try Sample.make(), history)]).write { text += $0 }
        var reader = CounterSeriesReader(file: "history.om")
        for (index, line) in text.split(separator: "\n").enumerated() {
            reader.take(String(line), number: index + 1)
        }
        let file = try reader.finish()
        #expect(file.mistakes.isEmpty && file.warnings.isEmpty)
        return try #require(file.series.first).history()
    }

    private static func query(
        _ query: String,
        isCounter: Bool,
        _ answers: [[QueriedSeries]]
    ) -> RecordedHistory {
        let source = MetricSource(dataSource: "p", .query(query))
        let ratio = RatioIndicator(
            isCounter: isCounter,
            terms: .goodTotal(good: source, total: source)
        )
        let readings = Indicator.ratio(ratio).readings(slice: Sample.minute)
        let counts = zip(readings, answers).map { reading, answer in
            var counts = QueriedCounts(reading, slice: Sample.minute)
            counts.take(answer)
            return counts
        }
        let history = QueriedHistory(ratio, counts, slice: Sample.minute)
        return RecordedHistory(slice: Sample.minute, gathered: [history.gathered])
    }

    private static func values(_ values: [Int], _ scale: Int) -> [QueriedSeries] {
        [
            QueriedSeries(
                values.enumerated().map { minute, value in
                    let number = MeasuredNumber(digits: Int128(value), scale: scale)
                    return (instant: instant(minute + 1), value: number.description)
                }
            )
        ]
    }

    /// The counts spread over three counters, each of which begins anew once at a minute of its
    /// own.
    private static func counters(_ counts: [Int]) -> [QueriedSeries] {
        (0..<3).map { replica in
            // More than anything that is counted after it begins anew, so that this shows.
            var counter = 1_000_000 * (replica + 1)
            var samples = [(instant: instant(0), value: text(counter))]
            for (minute, count) in counts.enumerated() {
                let own = replica < 2 ? count / 3 : count - count / 3 * 2
                if minute == 5 + replica * 3 { counter = 0 }
                counter += own
                samples.append((instant: instant(minute + 1), value: text(counter)))
            }
            return QueriedSeries(labels: ["replica": "\(replica)"], samples)
        }
    }

    // MARK: - What they come to

    @Test(arguments: UInt64(0)..<20)
    func `every door gives the sum of what was written`(seed: UInt64) throws {
        let example = Case(seed: seed)
        let table = try Self.table(example)
        let doors: [(name: String, history: RecordedHistory)] = [
            ("table", table),
            ("exposition", try Self.exposition(table)),
            (
                "count",
                Self.query(
                    "increase(x[1m])",
                    isCounter: false,
                    [
                        Self.values(example.good, 3), Self.values(example.all, 3),
                    ]
                )
            ),
            (
                "rate",
                Self.query(
                    "sum(rate(x[5m]))",
                    isCounter: false,
                    [
                        // Three thousandths a minute are 5 · 10^-5 a second.
                        Self.values(example.good.map { $0 / 3 * 5 }, 5),
                        Self.values(example.all.map { $0 / 3 * 5 }, 5),
                    ]
                )
            ),
            (
                "counter",
                Self.query(
                    "x_total",
                    isCounter: true,
                    [
                        Self.counters(example.good), Self.counters(example.all),
                    ]
                )
            ),
        ]
        let bad = example.bad.map { BigInt($0) }.reduce(0, +)
        let all = example.all.map { BigInt($0) }.reduce(0, +)
        let end = Self.instant(example.all.count)
        for (name, history) in doors {
            let review = try ObjectiveReview(Sample.make(), history: history, asOf: end)
            let measurement = review.status.measurement
            let unit = BigInt(measurement.scale.unitsPerEvent)
            #expect(BigInt(measurement.events.total) * 1000 == all * unit, "\(name)")
            #expect(BigInt(measurement.events.bad) * 1000 == bad * unit, "\(name)")
            #expect(measurement.observed == Int64(example.all.count), "\(name)")
        }
    }
}
