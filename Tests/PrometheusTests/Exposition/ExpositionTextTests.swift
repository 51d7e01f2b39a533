import Prometheus
import SLO
import Testing
import Timekeeping

@Suite struct ExpositionTextTests {
    private static let family = MetricFamily(
        "shop_wait_seconds",
        .counter,
        unit: "seconds",
        help: "Time \"lost\"\nin C:\\shop.",
        samples: [
            .init([], .integer(0)),
            .init(
                [.init("who", "a \"b\"\n\\c"), .init("kind", "ü")],
                .number(0.1),
                at: Timestamp(nanoseconds: 1_780_272_000_250_000_000)
            ),
        ]
    )

    @Test func `OpenMetrics has units, escapes and an end`() {
        let text = ExpositionText.write([Self.family], as: .openMetrics)
        let expected = #"""
            # HELP shop_wait_seconds Time \"lost\"\nin C:\\shop.
            # TYPE shop_wait_seconds counter
            # UNIT shop_wait_seconds seconds
            shop_wait_seconds_total 0
            shop_wait_seconds_total{who="a \"b\"\n\\c",kind="ü"} 0.1 1780272000.250000000
            # EOF

            """#
        #expect(text == expected)
    }

    @Test(arguments: ExpositionText.Format.allCases)
    func `no control character of a label gets into the page`(format: ExpositionText.Format) {
        let family = MetricFamily(
            "a",
            .gauge,
            help: "b\u{1B}",
            samples: [.init([.init("who", "x\u{1B}[2J\u{7}\u{9B}\u{202E}\r\ny")], .integer(1))]
        )
        let text = ExpositionText.write([family], as: format)
        let lost = "\u{FFFD}"
        let label = "x\(lost)[2J\(lost)\(lost)\(lost)\(lost)\\ny"
        #expect(text.split(separator: "\n").contains("a{who=\"\(label)\"} 1"))
        #expect(text.unicodeScalars.allSatisfy { $0.value >= 32 || $0 == "\n" })
    }

    @Test func `the older text has neither units nor an end, and milliseconds`() {
        let text = ExpositionText.write([Self.family], as: .prometheus)
        let expected = #"""
            # HELP shop_wait_seconds_total Time "lost"\nin C:\\shop.
            # TYPE shop_wait_seconds_total counter
            shop_wait_seconds_total 0
            shop_wait_seconds_total{who="a \"b\"\n\\c",kind="ü"} 0.1 1780272000250

            """#
        #expect(text == expected)
    }

    @Test func `an info is a gauge where there are none`() {
        let family = MetricFamily("slo", .info, help: "x", samples: [.init([], .integer(1))])
        #expect(
            ExpositionText.write([family], as: .openMetrics)
                == "# HELP slo x\n# TYPE slo info\nslo_info 1\n# EOF\n"
        )
        #expect(
            ExpositionText.write([family], as: .prometheus)
                == "# HELP slo_info x\n# TYPE slo_info gauge\nslo_info 1\n"
        )
    }

    static let values: [(MetricValue, String)] = [
        (.integer(.min), "-9223372036854775808"), (.number(.nan), "NaN"),
        (.number(.infinity), "+Inf"), (.number(-.infinity), "-Inf"), (.number(60), "60"),
        (.number(1e-7), "1e-07"), (.ratio(ExactRatio(6, 3)), "2"),
        (.ratio(ExactRatio(1, 3)), "0.3333333333333333"), (.ratio(ExactRatio(-1, 4)), "-0.25"),
        (MetricValue(nil), "NaN"),
    ]

    @Test(arguments: values)
    func `values are written as both formats read them`(value: MetricValue, text: String) {
        #expect(value.text == text)
    }

    @Test func `a text is taken in pieces`() {
        var text = ExpositionText(.openMetrics)
        text.begin(Self.family)
        let head = text.take()
        #expect(head.hasPrefix("# HELP"))
        text.append(Self.family.samples[0], of: Self.family)
        #expect(text.take() == "shop_wait_seconds_total 0\n")
        text.end()
        #expect(text.take() == "# EOF\n")
        #expect(text.take().isEmpty)
    }
}
