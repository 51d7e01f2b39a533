import Prometheus
import SLO
import Testing
import Timekeeping

struct QueriedHistoryTests {
    private static let minute = Duration.seconds(60)

    private static func source(_ query: String, gives: String? = nil) -> MetricSource {
        let form = gives.flatMap { QueryForm(rawValue: $0) }
        return MetricSource(dataSource: "prom", .query(query, gives: form))
    }

    /// Values at the ends of minutes, of which some have none.
    private func answer(_ values: [String?], pod: String = "a") -> QueriedSeries {
        QueriedSeries(
            labels: ["pod": pod],
            values.enumerated().compactMap { number, value in
                value.map { (instant: Timestamp(seconds: Int64(number) * 60), value: $0) }
            }
        )
    }

    /// What a ratio of two queries has counted, as `<minute>: <good> of <total>`.
    private func history(
        _ marked: String,
        _ total: String,
        isCounter: Bool,
        isBad: Bool = false,
        _ answers: [[QueriedSeries]]
    ) -> (counted: [String], faults: SliceDefects) {
        let (marked, total) = (Self.source(marked), Self.source(total))
        let ratio = RatioIndicator(
            isCounter: isCounter,
            terms: isBad
                ? .badTotal(bad: marked, total: total) : .goodTotal(good: marked, total: total)
        )
        let readings = Indicator.ratio(ratio).readings(slice: Self.minute)
        let counts = zip(readings, answers).map { reading, answer in
            var counts = QueriedCounts(reading, slice: Self.minute)
            // In parts, as a long past is asked for.
            for series in answer {
                for sample in series.samples {
                    counts.take([QueriedSeries(labels: series.labels, [sample])])
                }
            }
            return counts
        }
        let history = QueriedHistory(ratio, counts, slice: Self.minute)
        return (counted(history), history.faults)
    }

    private func counted(_ history: QueriedHistory) -> [String] {
        history.gathered.slices.map { slice in
            let scale = history.gathered.scale
            let minute = slice.start.nanoseconds / 60_000_000_000
            return "\(minute): \(scale.events(slice.good)) of \(scale.events(slice.total))"
        }
    }

    @Test func `of counters a slice is the difference of its ends`() {
        let (counted, faults) = history(
            "good_total",
            "all_total",
            isCounter: true,
            [[answer(["100", "190", "190"])], [answer(["100", "200", "200"])]]
        )
        #expect(counted == ["0: 90 of 100", "1: 0 of 0"])
        #expect(faults.met.isEmpty)
    }

    @Test func `a counter that went back began anew, and a gap belongs to the slice it ends in`() {
        let (counted, faults) = history(
            "good_total",
            "all_total",
            isCounter: true,
            [[answer(["5", nil, nil, "35", "7"])], [answer(["5", nil, nil, "35", "8"])]]
        )
        #expect(counted == ["2: 30 of 30", "3: 7 of 8"])
        #expect(faults[.reset] == 2)
    }

    @Test func `increments are taken of each series and then added up`() {
        // Pod a goes from 100 to 120 and is gone; b is born at 7, which counts nothing, and goes
        // to 10; c begins anew at 4 after 1000. By hand: 20 + 0 + 4, then 3 + 1.
        let series = [
            answer(["100", "120", nil], pod: "a"), answer([nil, "7", "10"], pod: "b"),
            answer(["1000", "4", "5"], pod: "c"),
        ]
        let (counted, faults) = history("x", "y", isCounter: true, [series, series])
        #expect(counted == ["0: 24 of 24", "1: 4 of 4"])
        #expect(faults[.reset] == 2)
    }

    @Test func `a replica that is taken away adds nothing`() {
        // Three replicas with old errors, a hundred good requests a minute each; the third is gone
        // from minute 60 on. By hand: 180 · 100 · 2 + 59 · 100 = 41,900, of which none is bad.
        let replicas = { (share: Int) in
            (0..<3).map { replica in
                answer(
                    (0...180).map { minute in
                        if replica == 2, minute >= 60 { return nil }
                        let base = 10_000 * (replica + 1) * share / 10
                        return "\(base + 100 * minute)"
                    },
                    pod: "\(replica)"
                )
            }
        }
        let (counted, faults) = history(
            "hgood",
            "hall",
            isCounter: true,
            [replicas(9), replicas(10)]
        )
        #expect(counted.count == 180)
        #expect(counted.prefix(59).allSatisfy { $0.hasSuffix(": 300 of 300") })
        #expect(counted.dropFirst(59).allSatisfy { $0.hasSuffix(": 200 of 200") })
        #expect(faults.met.isEmpty)
    }

    @Test func `of a sum that falls nobody knows what was counted`() {
        // As above, added up by the query: minute 60 falls by what the third replica had.
        let sum = ["300", "600", "500", "700"]
        let (counted, faults) = history(
            "sum(x)",
            "sum(y)",
            isCounter: true,
            [
                [answer(sum)], [answer(sum)],
            ]
        )
        #expect(counted == ["0: 300 of 300", "2: 200 of 200"])
        #expect(faults[.sumFell] == 2)
    }

    @Test func `what is not a number is counted and gives no slice`() {
        let (counted, faults) = history(
            "good_total",
            "all_total",
            isCounter: true,
            [[answer(["0", "NaN", "3"])], [answer(["0", "4", "+Inf"])]]
        )
        #expect(counted.isEmpty)
        #expect(faults[.unreadable] == 2)
    }

    @Test func `fractions of events are kept to the last digit`() {
        let (counted, faults) = history(
            "increase(good[1m])",
            "increase(all[1m])",
            isCounter: false,
            [
                [answer([nil, "44.197872287004095", "1", "0"])],
                [answer([nil, "44.6", "NaN", "1.5e-05"])],
            ]
        )
        #expect(counted == ["0: 44.197872287004095 of 44.6", "2: 0 of 0.000015"])
        #expect(faults[.unreadable] == 1)
    }

    @Test(arguments: [false, true])
    func `a rate is weighed by the length of the slice`(isCounter: Bool) {
        // 1.4 good of 1.6 a second is 84 of 96 a minute, 87.5%; and 0.4 bad is 75%.
        let rate = { (query: String) in "sum(rate(\(query)[5m]))" }
        let good = history(
            rate("ok"),
            rate("all"),
            isCounter: isCounter,
            [
                [answer([nil, "1.4"])], [answer([nil, "1.6"])],
            ]
        )
        #expect(good.counted == ["0: 84 of 96"])
        let bad = history(
            rate("bad"),
            rate("all"),
            isCounter: isCounter,
            isBad: true,
            [
                [answer([nil, "0.4"])], [answer([nil, "1.6"])],
            ]
        )
        #expect(bad.counted == ["0: 72 of 96"])
        #expect(good.faults.met.isEmpty && bad.faults.met.isEmpty)
    }

    @Test func `answers that lie beside the ends of slices belong to the nearest`() {
        let off = QueriedSeries([
            (instant: Timestamp(nanoseconds: 60_001_000_000), value: "3"),
            (instant: Timestamp(nanoseconds: 119_999_000_000), value: "4"),
        ])
        let (counted, _) = history(
            "x",
            "y",
            isCounter: false,
            [
                [off], [answer([nil, "5", "5"])],
            ]
        )
        #expect(counted == ["0: 3 of 5", "1: 4 of 5"])
    }

    @Test func `a threshold's value is one measurement, compared exactly`() throws {
        let limit = try #require(ExactDecimal("0.25"))
        let threshold = ThresholdIndicator(
            metric: Self.source("up"),
            comparison: .lessThanOrEqual,
            value: limit
        )
        let history = QueriedHistory(
            .threshold(threshold),
            answer([nil, "0.25", "0.25000000000000006", "1.2345678901234567e-19", "NaN"]),
            slice: Self.minute
        )
        #expect(counted(history) == ["0: 1 of 1", "1: 0 of 1", "2: 1 of 1"])
        #expect(history.faults[.unreadable] == 1)
    }

    @Test func `a raw ratio weighs the same in every slice`() {
        let raw = Indicator.ratio(
            RatioIndicator(isCounter: false, terms: .raw(Self.source("x"), .failure))
        )
        let history = QueriedHistory(
            raw,
            answer([nil, "0.25", "0.0000000000000000000001", "1.5"]),
            slice: Self.minute
        )
        #expect(counted(history) == ["0: 0.75 of 1", "1: 0.9999999999999999999999 of 1"])
        #expect(history.faults[.unreadable] == 1)
    }
}
