import Reports
import Testing

@Suite struct ReportNumberTests {
    @Test(arguments: [
        (Int64(0), "0"), (999, "999"), (1000, "1,000"), (69_659, "69,659"),
        (-1_234_567, "-1,234,567"), (Int64.min, "-9,223,372,036,854,775,808"),
    ])
    func `a count has a comma at every thousand`(value: Int64, text: String) {
        #expect(ReportNumbers.count(value) == text)
    }

    @Test(arguments: [
        (0.0, "0 µs"), (0.0005, "0.50 µs"), (0.0123, "12.3 µs"), (0.85, "850 µs"),
        (0.9996, "1.00 ms"), (1.234, "1.23 ms"), (99.96, "100 ms"), (999.6, "1.00 s"),
        (12_345.0, "12.3 s"), (86_400_000, "86,400 s"), (.infinity, "–"), (.nan, "–"),
    ])
    func `a latency has the unit that suits it`(milliseconds: Double, text: String) {
        #expect(ReportNumbers.latency(milliseconds: milliseconds) == text)
    }

    @Test(arguments: [
        (0.0, "0 ms"), (0.85, "850 ms"), (1.4, "1.40 s"), (59.99, "60.0 s"), (60, "1 min"),
        (312, "5 min 12 s"), (3600, "1 h"), (11_000, "3 h 3 min"), (2_592_000, "30 d"),
        (.nan, "–"),
    ])
    func `a duration names its two largest units`(seconds: Double, text: String) {
        #expect(ReportNumbers.duration(seconds: seconds) == text)
    }

    @Test(arguments: [
        ("2500315.63", "2,500,315.63 USD"), ("-12.30", "-12.30 USD"), ("0", "0 USD"),
        ("1234", "1,234 USD"), ("oops", "oops USD"), ("", " USD"), ("1.2.3", "1.2.3 USD"),
    ])
    func `money keeps every digit`(decimal: String, text: String) {
        #expect(ReportNumbers.money(decimal, "USD") == text)
    }

    @Test func `a ratio is given in per cent`() {
        #expect(ReportNumbers.percent(0.0432) == "4.32%")
        #expect(ReportNumbers.percent(.nan) == "–")
    }

    @Test func `a rate has three significant digits or all of its whole part`() {
        #expect(ReportNumbers.rate(50_000.4) == "50,000/s")
        #expect(ReportNumbers.rate(0.125) == "0.13/s")
        #expect(ReportNumbers.rate(0) == "0/s")
    }

    @Test func `control characters never reach a terminal`() {
        let shown = ReportText.printable("a\u{1B}[31mb\r\nc\u{202E}d\u{0085}")
        #expect(shown == "a\u{FFFD}[31mb\u{FFFD}\u{FFFD}c\u{FFFD}d\u{FFFD}")
    }

    @Test func `an endless text is cut`() {
        let text = "e" + String(repeating: "\u{301}", count: 100_000)
        #expect(ReportText.printable(text).unicodeScalars.count == ReportText.longest + 1)
    }

    @Test(arguments: [("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("🛒", 2), ("", 0)])
    func `width is counted in columns of a terminal`(text: String, width: Int) {
        #expect(ReportText.width(text) == width)
    }

    @Test(
        arguments: [
            ("2026-01-01T00:11:00.766667076Z", "2026-01-01T00:11:00Z"),
            ("2026-01-01T00:11:00Z", "2026-01-01T00:11:00Z"),
            ("1.5Z", "1.5Z"), ("2026-01-01T00:11:00.<b>Z", "2026-01-01T00:11:00.<b>Z"), ("", ""),
        ]
    )
    func `an instant is told to the second, and any other text as it is`(
        text: String,
        told: String
    ) {
        #expect(ReportNumbers.instant(text) == told)
    }
}
