import ObjectiveSamples
import SLO
import Testing
import Timekeeping

@Suite struct ExactDecimalTests {
    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("99.9", "99.9"), ("0.990", "0.99"), ("007", "7"),
        ("+1.50", "1.5"), ("-0.05", "-0.05"), ("1e3", "1000"), ("2.5E-4", "0.00025"),
        ("1200e-2", "12"), ("0.000000000000000001", "0.000000000000000001"),
        ("999999999999999999", "999999999999999999"), ("0e99", "0"),
        ("1.0000000000000000000000000", "1"),
        ("0000000000000000000000000.1", "0.1"),
    ])
    func `a number is kept as it is written`(text: String, shown: String) throws {
        let number = try #require(ExactDecimal(text))
        #expect(number.description == shown)
        #expect(ExactDecimal(number.description) == number)
    }

    @Test(arguments: [
        "", " 1", "1 ", ".", "1.", ".5", "1.2.3", "1,5", "0x1", "NaN", "inf", "-", "+", "e3", "1e",
        "1e1.5", "1_000", "--1", "1000000000000000000", "0.1234567890123456789", "1e18", "1e-19",
        "1e999999999999", "٣",
    ])
    func `what is no number or too long is refused`(text: String) {
        #expect(ExactDecimal(text) == nil)
    }

    @Test func `numbers compare without rounding`() throws {
        let texts = [
            "-999999999999999999", "-1", "-0.000000000000000001", "0", "0.000000000000000001",
            "0.999999999999999998", "0.999999999999999999", "1", "1.00000000000000001",
            "999999999999999998", "999999999999999999",
        ]
        let numbers = try texts.map { try #require(ExactDecimal($0)) }
        #expect(numbers == numbers.sorted() && Set(numbers).count == texts.count)
        for (left, right) in zip(numbers, numbers.dropFirst()) {
            #expect(left < right && !(right < left) && left != right)
        }
    }

    @Test func `a target and its budget make one`() throws {
        for text in ["0", "0.5", "0.999", "0.999999999999999999", "1"] {
            let target = try #require(ExactDecimal(text))
            #expect(target.complement.complement == target)
        }
        #expect(ExactDecimal("99.99")?.fromPercent == ExactDecimal("0.9999"))
        #expect(ExactDecimal("0.00000000000000001")?.fromPercent == nil)
    }

    @Test func `ratios compare in as many bits as it takes`() {
        let huge = Int128.max / 2
        #expect(ExactRatio(huge, huge - 1) > ExactRatio(huge - 1, huge - 2) ? false : true)
        #expect(ExactRatio(huge, huge - 1) < ExactRatio(huge - 1, huge - 2))
        #expect(ExactRatio(huge, huge) == .one && ExactRatio(-huge, huge) < .zero)
        #expect(ExactRatio(1, 3) - ExactRatio(1, 2) == ExactRatio(-1, 6))
        #expect(ExactRatio(6, 8).reduced.denominator == 4)
        #expect(ExactRatio(6, 35).multiplied(by: ExactRatio(14, 9)) == ExactRatio(4, 15))
    }

    @Test func `ratios are written as decimals of any length`() {
        #expect(ExactRatio(2, 3).decimal(5) == "0.66666")
        #expect(ExactRatio(-1, 8).decimal(3) == "-0.125")
        #expect(ExactRatio(10, 4).decimal(0) == "2")
        #expect(ExactRatio(Int128.max - 1, Int128.max).decimal(20) == "0.99999999999999999999")
    }

    @Test func `every field that changes the figures changes the revision`() throws {
        typealias Sample = SampleObjective
        let base = try Sample.make()
        var named = base
        named.displayName = "another"
        named.owner = "orders"
        named.alertPolicies = [AlertPolicy(name: "burn", rules: Sample.workbook)]
        #expect(named.revision == base.revision)
        // Known: a digest that changes with the version would orphan every history.
        #expect(base.revision.description == "74aa6b1896fe7b44")
        var others = [
            try Sample.make(target: "0.99"),
            try Sample.make(.ratioTimeslices(window: .seconds(60))),
            try Sample.make(.ratioTimeslices(window: .seconds(120))),
            try Sample.make(.timeslices(window: .seconds(60), target: .one)),
            try Sample.make(window: .rolling(Sample.day * 28)),
            try Sample.make(weights: ["2"]), try Sample.make(weights: ["1", "1"]),
            try Sample.make(minimumEvents: 1),
        ]
        for zone in ["UTC", "Europe/Berlin"] {
            let month = CalendarWindow(
                start: try #require(CivilDateTime("2026-01-01 00:00:00")),
                period: CalendarPeriod(count: 1, unit: .month),
                zone: try CivilZone(named: zone)
            )
            others.append(try Sample.make(window: .calendar(month)))
        }
        var counted = base
        counted.components[0].indicator = .threshold(
            ThresholdIndicator(
                metric: MetricSource(dataSource: "run", .meter("b")),
                comparison: .lessThan,
                value: .one
            )
        )
        others.append(counted)
        #expect(Set(others.map(\.revision)).union([base.revision]).count == others.count + 1)
        #expect(
            counted.components[0].indicator.revision != base.components[0].indicator.revision
        )
    }
}
