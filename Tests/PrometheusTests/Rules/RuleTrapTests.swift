import ObjectiveSamples
import Prometheus
import SLO
import Testing

/// Histories in which the rules of other tools give a wrong figure; ours give the true one.
@Suite(.enabled(if: ExternalTool.promtool != nil, "promtool is not installed"))
struct RuleTrapTests {
    /// What an expression or an alert comes to at a time.
    enum Check {
        /// The expression has this one value, to nine digits.
        case value(String, Double, at: String)
        /// As many alerts of this name fire.
        case firing(String, Int, at: String)
    }

    /// Runs the minimal set's rules, with `changes`, over these series and expects the checks to
    /// hold.
    private func expect(
        _ checks: [Check],
        _ series: [(name: String, values: String)],
        interval: String = "1m",
        _ changes: (String, String)...
    ) throws {
        let promtool = try #require(ExternalTool.promtool)
        let text = changes.reduce(minimalSet) { $0.replacing($1.0, with: $1.1) }
        let rules = try prometheusRules(text)
        let generated = rules.tests(rulesFile: "r.yml")
        let order = try #require(generated.split(separator: "group_eval_order:\n").last)
            .split(separator: "tests:\n")[0]
        var test = "rule_files: [r.yml]\nevaluation_interval: \(interval)\n"
        test += "group_eval_order:\n\(order)tests:\n- interval: \(interval)\n  input_series:\n"
        for (name, values) in series {
            test += "  - {series: '\(name)', values: '\(values)'}\n"
        }
        test += "  promql_expr_test:\n"
        for check in checks {
            let (expression, time): (String, String)
            switch check {
            case .value(let formula, let value, let at):
                expression = "abs(sum(\(formula)) - \(value)) < bool 1e-9"
                time = at
            case .firing(let name, let count, let at):
                let alerts = "ALERTS{alertname=\"\(name)\", alertstate=\"firing\"}"
                expression = "(sum(\(alerts)) or vector(0)) == bool \(count)"
                time = at
            }
            test += "  - expr: '\(expression)'\n    eval_time: \(time)\n"
            test += "    exp_samples: [{labels: '{}', value: 1}]\n"
        }
        let files = ["r.yml": rules.rules, "t.yml": test]
        let result = try withFolder(of: files) { folder in
            try promtool.run(["test", "rules", "t.yml"], in: folder)
        }
        #expect(result.isSuccess, "\(result.output)\n\(test)")
    }

    private func events(_ result: String, _ values: String) -> (name: String, values: String) {
        ("slo_events_total{slo=\"checkout-availability\", result=\"\(result)\"}", values)
    }

    private func observed(_ values: String, excluded: String) -> [(name: String, values: String)] {
        [
            ("slo_observed_seconds_total{slo=\"checkout-availability\"}", values),
            ("slo_excluded_seconds_total{slo=\"checkout-availability\"}", excluded),
        ]
    }

    private let pair = (
        "metadata: {name: fast-burn-1h}",
        "metadata: {name: fast-burn-1h, annotations: {weir.dev/tier: fast, "
            + "weir.dev/short-window: 5m}}"
    )
    private let atOnce = ("alertAfter: 5m", "alertAfter: 0m")

    @Test func `a burst weighs as much as its events, not as its minutes`() throws {
        try expect(
            [
                .value("slo:sli_error:ratio_rate1d", 250_000 / 507_200, at: "725m"),
                .value("slo:sli_error:ratio_rate30d", 250_000 / 507_200, at: "725m"),
            ],
            [
                events("good", "0+10x360 53600+50000x4 253610+10x359"),
                events("bad", "0+0x360 50000+50000x4 250000+0x359"),
            ]
        )
    }

    @Test func `a quiet window is no error, and poisons no period`() throws {
        try expect(
            [
                .value("slo:sli_error:ratio_rate5m", 0, at: "20m"),
                .value("slo:period_error_budget_remaining:ratio", 1, at: "60m"),
                .value("slo:current_burn_rate:ratio", 0, at: "60m"),
            ],
            [events("good", "0+0x30 0+10x60"), events("bad", "0+0x100")]
        )
    }

    @Test func `an outcome that was never counted is none`() throws {
        try expect(
            [.value("slo:sli_error:ratio_rate5m", 0, at: "20m")],
            [events("good", "0+10x30")]
        )
    }

    @Test func `counters that start anew are repaired before they are summed`() throws {
        let good = "slo_events_total{slo=\"checkout-availability\", result=\"good\", instance="
        let bad = "slo_events_total{slo=\"checkout-availability\", result=\"bad\", instance="
        try expect(
            [.value("slo:sli_error:ratio_rate30m", 0.25, at: "40m")],
            [
                ("\(good)\"a\"}", "0+30x20 30+30x30"), ("\(bad)\"a\"}", "0+10x20 10+10x30"),
                ("\(good)\"b\"}", "0+30x60"), ("\(bad)\"b\"}", "0+10x60"),
            ]
        )
    }

    @Test func `a young service is held to the whole period`() throws {
        // One error in an hour of ten a minute; 1/720 of the period was observed.
        try expect(
            [
                .value(
                    "slo:period_error_budget_remaining:ratio",
                    1 - 1 / 600.0 / 720 / 0.001,
                    at: "60m"
                )
            ],
            [
                events("good", "0+10x30 309+10x30"), events("bad", "0+0x30 1+0x30"),
            ] + observed("0+60x60", excluded: "0x60")
        )
    }

    @Test func `a bad share that is exactly the threshold fires nothing`() throws {
        let six = ("threshold: 14.4, lookbackWindow: 1h", "threshold: 6, lookbackWindow: 6h")
        try expect(
            [
                .value("slo:sli_error:ratio_rate6h", 0.006, at: "400m"),
                .firing("SLOBurnRate6h", 0, at: "400m"),
            ],
            [events("good", "0+994x420"), events("bad", "0+6x420")],
            interval: "1m",
            six,
            atOnce
        )
        try expect(
            [.firing("SLOBurnRate6h", 1, at: "400m")],
            [events("good", "0+993x420"), events("bad", "0+7x420")],
            interval: "1m",
            six,
            atOnce
        )
    }

    @Test func `a total outage pages after 51.84 seconds, on the next scrape`() throws {
        try expect(
            [
                .firing("SLOBurnRateFast", 0, at: "3645s"),
                .firing("SLOBurnRateFast", 1, at: "3660s"),
            ],
            [
                events("good", "0+150x240 36000+0x40"), events("bad", "0+0x240 150+150x40"),
            ],
            interval: "15s",
            pair,
            atOnce
        )
    }

    @Test func `half an hour of history does not page sooner than an hour of it`() throws {
        // After 30 s the bad share of what there is exceeds the threshold, that of the hour not.
        let series = [
            events("good", "0+150x120 18000+0x40"), events("bad", "0+0x120 150+150x40"),
        ]
        try expect(
            [
                .firing("SLOBurnRateFast", 0, at: "1830s"),
                .firing("SLOBurnRateFast", 1, at: "1860s"),
            ],
            series + observed("0+15x200", excluded: "0x200"),
            interval: "15s",
            pair,
            atOnce
        )
    }

    @Test func `a minimum of events keeps one failure of a few from paging`() throws {
        let gate = (
            "metadata: {name: fast-burn-1h}",
            "metadata: {name: fast-burn-1h, annotations: {weir.dev/minimum-events: \"70\"}}"
        )
        let series = [
            // Ten an hour, the last of them bad.
            events("good", "0 1x5 2x5 3x5 4x5 5x5 6x5 7x5 8x5 9x5 9x30"),
            events("bad", "0x55 1x30"),
        ]
        try expect([.firing("SLOBurnRate1h", 1, at: "60m")], series, interval: "1m", atOnce)
        try expect([.firing("SLOBurnRate1h", 0, at: "60m")], series, interval: "1m", gate, atOnce)
    }

    @Test func `a run that ends pages nobody, whatever it says of whole windows`() throws {
        // A minute of 3% errors is 3% / 60 of an hour. The gauges of coverage are of no account.
        let gauges = ["5m", "1h"].map {
            (
                name: "slo_window_coverage_ratio{slo=\"checkout-availability\", window=\"\($0)\"}",
                values: "1x4 stale"
            )
        }
        let failures = [
            events("good", "0 24250 48500 72750 97000 stale"),
            events("bad", "0 750 1500 2250 3000 stale"),
        ]
        for seconds in [observed("0+15x4 stale", excluded: "0x4 stale"), []] {
            try expect(
                (1...8).map { .firing("SLOBurnRateFast", 0, at: "\($0 * 15)s") },
                failures + gauges + seconds,
                interval: "15s",
                pair,
                atOnce
            )
        }
    }

    @Test func `failures between two scrapes that are far apart count in full`() throws {
        // Half an hour without a scrape, while 2% fail: 1% of the hour at its end, and no scrape
        // has seen that half hour; a presence of scrapes would halve it.
        try expect(
            [
                .value("slo:sli_observed:ratio1h", 1, at: "60m"),
                .value("slo:sli_spent:ratio1h", 0.01, at: "60m"),
            ],
            [
                events("good", "0+1000x30 _x29 59400 60400"),
                events("bad", "0+0x30 _x29 600 600"),
            ] + observed("0+60x30 _x29 3600 3660", excluded: "0x30 _x29 0 0"),
            interval: "1m",
            atOnce
        )
    }

    @Test func `what is under maintenance makes a window shorter`() throws {
        // Of an hour half is excluded, and a tenth of the rest fails, all of it observed.
        try expect(
            [
                .value("slo:sli_observed:ratio1h", 1, at: "60m"),
                .value("slo:sli_spent:ratio1h", 0.1, at: "60m"),
            ],
            [
                events("good", "0+0x30 90+90x29"), events("bad", "0+0x30 10+10x29"),
            ] + observed("0+0x30 60+60x29", excluded: "0+60x30 1800+0x29"),
            interval: "1m",
            atOnce
        )
    }

    @Test func `an alert outlasts a gap, and ends with what is observed after it`() throws {
        // All fails for ten minutes; then nobody scrapes for four, and then nothing fails.
        try expect(
            [
                .firing("SLOBurnRateFast", 0, at: "60m"),
                .firing("SLOBurnRateFast", 1, at: "70m"),
                // Of the five minutes one was observed: a fifth of the threshold's 100% is enough.
                .firing("SLOBurnRateFast", 1, at: "74m"),
                .firing("SLOBurnRateFast", 0, at: "81m"),
            ],
            [
                events("good", "0+100x60 6000+0x9 stale _x3 6100+100x30"),
                events("bad", "0+0x60 100+100x9 stale _x3 1000+0x30"),
            ]
                + observed(
                    "0+60x60 3660+60x9 stale _x3 4260+60x30",
                    excluded: "0x60 0x9 stale _x3 0x30"
                ),
            interval: "1m",
            pair,
            atOnce
        )
    }

    @Test func `one sample before a gap and one after it end no alert`() throws {
        // As above; the service is back in minute 75 and has counted nothing yet. Of the five
        // minutes nothing was observed, so that nothing is known of them.
        try expect(
            [
                .firing("SLOBurnRateFast", 1, at: "74m"),
                .firing("SLOBurnRateFast", 1, at: "75m"),
                .firing("SLOBurnRateFast", 0, at: "76m"),
            ],
            [
                events("good", "0+100x60 6000+0x9 stale _x3 6000+100x30"),
                events("bad", "0+0x60 100+100x9 stale _x3 1000+0x30"),
            ]
                + observed(
                    "0+60x60 3660+60x9 stale _x3 4200+60x30",
                    excluded: "0x60 0x9 stale _x3 0x30"
                ),
            interval: "1m",
            pair,
            atOnce
        )
    }
}
