import SLO
import Testing
import Timekeeping

struct QueriedHistoryTests {
    private static let minute = Duration.seconds(60)
    private static let source = MetricSource(
        dataSource: "prom",
        kind: .prometheus,
        spec: ["query": "up"]
    )

    /// Values at the ends of minutes, of which some have none.
    private func answer(_ values: [String?]) -> QueriedSeries {
        QueriedSeries(
            values.enumerated().compactMap { number, value in
                value.map { (instant: Timestamp(seconds: Int64(number) * 60), value: $0) }
            }
        )
    }

    private func ratio(isCounter: Bool) -> Indicator {
        .ratio(
            RatioIndicator(
                isCounter: isCounter,
                terms: .goodTotal(good: Self.source, total: Self.source)
            )
        )
    }

    private func counted(_ history: QueriedHistory) -> [String] {
        history.slices.map { slice in
            let minute = slice.start.nanoseconds / 60_000_000_000
            return "\(minute): \(slice.good) of \(slice.total)"
        }
    }

    @Test func `of counters a slice is the difference of its ends`() {
        let history = QueriedHistory(
            ratio(isCounter: true),
            [answer(["100", "190", "190"]), answer(["100", "200", "200"])],
            slice: Self.minute
        )
        #expect(counted(history) == ["0: 90 of 100", "1: 0 of 0"])
        #expect(history.faults.met.isEmpty)
    }

    @Test func `a counter that went back began anew, and a gap belongs to the slice it ends in`() {
        let history = QueriedHistory(
            ratio(isCounter: true),
            [answer(["5", nil, nil, "35", "7"]), answer(["5", nil, nil, "35", "8"])],
            slice: Self.minute
        )
        #expect(counted(history) == ["2: 30 of 30", "3: 7 of 8"])
        #expect(history.faults[.reset] == 2)
    }

    @Test func `what is not a number is counted and gives no slice`() {
        let history = QueriedHistory(
            ratio(isCounter: true),
            [answer(["0", "NaN", "3"]), answer(["0", "4", "+Inf"])],
            slice: Self.minute
        )
        #expect(history.slices.isEmpty)
        #expect(history.faults[.unreadable] == 2)
    }

    @Test func `numbers that are no counters are the slice's, in whole events`() {
        let history = QueriedHistory(
            ratio(isCounter: false),
            [answer([nil, "98.6", "1"]), answer([nil, "101.7", "NaN"])],
            slice: Self.minute
        )
        #expect(counted(history) == ["0: 99 of 102"])
        #expect(history.faults[.unreadable] == 1)
    }

    @Test func `a threshold's value is one measurement`() throws {
        let limit = try #require(ExactDecimal("0.25"))
        let threshold = ThresholdIndicator(
            metric: Self.source,
            comparison: .lessThanOrEqual,
            value: limit
        )
        let history = QueriedHistory(
            .threshold(threshold),
            [answer([nil, "0.25", "0.25000000000000006", "NaN"])],
            slice: Self.minute
        )
        #expect(counted(history) == ["0: 1 of 1", "1: 0 of 1"])
        #expect(history.faults[.unreadable] == 1)
    }

    @Test func `a raw ratio weighs the same in every slice`() {
        let raw = Indicator.ratio(
            RatioIndicator(isCounter: false, terms: .raw(Self.source, .failure))
        )
        let history = QueriedHistory(
            raw,
            [answer([nil, "0.25", "0.00000000000000000001", "1.5"])],
            slice: Self.minute
        )
        #expect(
            counted(history)
                == ["0: 750000000 of 1000000000", "1: 1000000000 of 1000000000"]
        )
        #expect(history.faults[.unreadable] == 1)
    }
}
