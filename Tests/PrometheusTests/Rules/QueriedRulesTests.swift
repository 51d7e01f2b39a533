import ObjectiveSamples
import OpenSLO
import Prometheus
import SLO
import Testing

/// Rules over what the objectives themselves ask, and pairs whose factors are scaled.
@Suite struct QueriedRulesTests {
    private static let bad = """
        good:  {metricSource: {metricSourceRef: local-prom, type: Prometheus, \
        spec: {query: 'orders_total{result="ok"}'}}}
        """
    private static let total = "{query: 'orders_total'}"
    private static let atOnce = ("alertAfter: 5m", "alertAfter: 0m")

    private func rules(_ changes: [(String, String)]) throws -> PrometheusRules {
        let text = changes.reduce(minimalSet) { $0.replacing($1.0, with: $1.1) }
        return PrometheusRules(try reading(text).checked().objectives, over: .queries)
    }

    /// Expects each expression to be true at its time, of these series.
    private func expect(
        _ checks: [(expression: String, at: String)],
        _ series: [(name: String, values: String)],
        _ changes: (String, String)...
    ) throws {
        let promtool = try #require(ExternalTool.promtool)
        let rules = try rules(changes).rules
        let names = rules.split(separator: "\n").filter { $0.hasPrefix("  - name: ") }
            .map { $0.dropFirst("  - name: ".count) }
        var test = "rule_files: [r.yml]\nevaluation_interval: 1m\n"
        test += "group_eval_order: [\(names.joined(separator: ", "))]\n"
        test += "tests:\n- interval: 1m\n  input_series:\n"
        for (name, values) in series { test += "  - {series: '\(name)', values: '\(values)'}\n" }
        test += "  promql_expr_test:\n"
        for (expression, time) in checks {
            test += "  - expr: '\(expression)'\n    eval_time: \(time)\n"
            test += "    exp_samples: [{labels: '{}', value: 1}]\n"
        }
        let result = try withFolder(of: ["r.yml": rules, "t.yml": test]) { folder in
            try promtool.run(["test", "rules", "t.yml"], in: folder)
        }
        #expect(result.isSuccess, "\(result.output)\n\(rules)")
    }

    private func ratio(_ window: String, _ value: String) -> String {
        "abs(sum(slo:sli_error:ratio_rate\(window)) - \(value)) < bool 1e-9"
    }

    private func firing(_ count: Int) -> String {
        "(count(ALERTS{alertstate=\"firing\"}) or vector(0)) == bool \(count)"
    }

    @Test func `counters are increased each by itself`() throws {
        let text = try rules([]).rules
        #expect(text.contains("sum(increase(orders_total{result=\"ok\"}[1h]))"))
        #expect(text.contains("sum(increase(orders_total[1h]))"))
        let summed = try rules([(Self.total, "{query: 'sum(orders_total)'}")]).rules
        #expect(summed.contains("sum(increase(orders_total[1h]))"))
        // What is no sum of plain series is increased as a whole.
        let other = try rules([(Self.total, "{query: 'sum(a_total) + sum(b_total)'}")]).rules
        #expect(other.contains("sum(increase((sum(a_total) + sum(b_total))[1h:1m]))"))
        let braces = try rules([(Self.total, "{query: 'sum(a{b=\"})\"}) / sum(c)'}")]).rules
        #expect(braces.contains("increase((sum(a{b=\"})\"}) / sum(c))[1h:1m])"))
    }

    @Test func `what Prometheus is not asked for has no rules, and says why`() throws {
        let weir = minimalSet.replacing(
            "type: Prometheus, connection",
            with: "type: weir, connection"
        )
        .replacing(
            "type: Prometheus, spec: {query: 'orders_total{result=\"ok\"}'}",
            with: "spec: {meter: messages.success}"
        )
        .replacing(
            "type: Prometheus, spec: {query: 'orders_total'}",
            with: "spec: {meter: messages.total}"
        )
        let rules = PrometheusRules(try reading(weir).checked().objectives, over: .queries)
        #expect(rules.isEmpty)
        #expect(rules.omitted.map { $0.name } == ["checkout-availability"])
        let reasons = rules.omitted.map { $0.reason }
        #expect(reasons == ["it is not measured by queries of a Prometheus"])
    }

    @Test func `factors are scaled in place of windows where that is asked`() throws {
        // 14.4 · 28/30 = 13.44; and 13.44 · 0.001 is a bad share of 0.01344.
        let text = minimalSet.replacing("duration: 30d", with: "duration: 28d").replacing(
            "metadata: {name: checkout-page}",
            with: "metadata: {name: checkout-page, annotations: {weir.dev/tiers: \"fast, long\"}}"
        )
        let objectives = try reading(text).checked().objectives
        let factors = PrometheusRules(objectives, scaling: .factors).rules
        #expect(
            factors.contains("ratio1h{sloth_id=\"checkout-checkout-availability\"}) > 0.01344)")
        )
        #expect(
            factors.contains("ratio5m{sloth_id=\"checkout-checkout-availability\"}) > 0.01344)")
        )
        // 28/30 is cut off at twelve decimals.
        #expect(
            factors.contains(
                "ratio3d{sloth_id=\"checkout-checkout-availability\"}) > 0.000933333333333)"
            )
        )
        let windows = PrometheusRules(objectives).rules
        #expect(
            windows.contains("ratio56m{sloth_id=\"checkout-checkout-availability\"}) > 0.0144)")
        )
        // A pair of three days does not fit in one.
        let short = try reading(text.replacing("duration: 28d", with: "duration: 1d")).checked()
        let alerts = short.objectives.map(\.withScaledFactors).flatMap(\.alertPolicies)
            .flatMap(\.rules)
        #expect(alerts.map(\.tier) == [.fast])
    }

    @Test(.enabled(if: ExternalTool.promtool != nil, "promtool is not installed"))
    func `a replica that goes takes its old errors along`() throws {
        // Three replicas with a thousand old errors each and none new; one of them goes.
        let replicas = ["a", "b", "c"].flatMap { name in
            let end = name == "c" ? "x30 stale" : "x90"
            return [
                (name: "bad_total{replica=\"\(name)\"}", values: "1000+0\(end)"),
                (name: "orders_total{replica=\"\(name)\"}", values: "50000+100\(end)"),
            ]
        }
        try expect(
            [(ratio("1h", "0"), "60m"), (ratio("30m", "0"), "40m"), (firing(0), "90m")],
            replicas,
            (
                Self.bad,
                "bad: {metricSource: {metricSourceRef: local-prom, spec: {query: sum(bad_total)}}}"
            ),
            Self.atOnce
        )
    }

    @Test(.enabled(if: ExternalTool.promtool != nil, "promtool is not installed"))
    func `rates are weighed by time`() throws {
        // 0.4 bad of 1.6 a second are a quarter.
        try expect(
            [(ratio("1h", "0.25"), "90m"), (firing(1), "90m")],
            [
                (name: "bad_total", values: "0+24x120"), (name: "orders_total", values: "0+96x120"),
            ],
            (
                Self.bad,
                "bad: {metricSource: {metricSourceRef: local-prom, "
                    + "spec: {query: 'sum(rate(bad_total[5m]))'}}}"
            ),
            (Self.total, "{query: 'sum(rate(orders_total[5m]))'}"),
            ("counter: true", "counter: false"),
            Self.atOnce
        )
    }

    @Test(.enabled(if: ExternalTool.promtool != nil, "promtool is not installed"))
    func `values are held to their limit one by one`() throws {
        // 30 of 3 and 31 of 7, of which those up to 5 are good.
        let metric =
            "indicator: {metadata: {name: x}, spec: {thresholdMetric: "
            + "{metricSource: {metricSourceRef: local-prom, spec: {query: latency}}}}}"
        try expect(
            [(ratio("1h", "31 / 61"), "60m")],
            [(name: "latency", values: "3x29 7x60")],
            ("duration: 30d", "duration: 1d"),
            ("indicatorRef: checkout-ok-ratio", metric),
            ("target: 0.999", "target: 0.999, op: lte, value: 5"),
            Self.atOnce
        )
    }

    @Test(.enabled(if: ExternalTool.promtool != nil, "promtool is not installed"))
    func `slices are judged as wholes`() throws {
        // Of twelve slices of five minutes the last two have failures of 20%.
        try expect(
            [("abs(sum(slo:sli_error:ratio_rate1h) - 2 / 13) < bool 1e-9", "65m")],
            [
                (name: "orders_total{result=\"ok\"}", values: "0+100x55 5580+80x9"),
                (name: "orders_total{result=\"bad\"}", values: "0+0x55 20+20x9"),
            ],
            ("Occurrences", "Timeslices"),
            ("target: 0.999", "target: 0.9, timeSliceTarget: 0.95, timeSliceWindow: 5m"),
            Self.atOnce
        )
    }

    @Test(.enabled(if: ExternalTool.promtool != nil, "promtool is not installed"))
    func `a minute of failures pages nobody once its series are gone, and an outage does`() throws {
        let pair = (
            "metadata: {name: fast-burn-1h}",
            "metadata: {name: fast-burn-1h, annotations: {weir.dev/short-window: 5m}}"
        )
        try expect(
            (1...10).map { (firing(0), "\($0)m") },
            [
                (name: "orders_total{result=\"ok\"}", values: "0 97 stale"),
                (name: "orders_total{result=\"bad\"}", values: "0 3 stale"),
            ],
            pair,
            Self.atOnce
        )
        try expect(
            [(firing(0), "60m"), (firing(1), "63m")],
            [
                (name: "orders_total{result=\"ok\"}", values: "0+100x60 6000+0x10"),
                (name: "orders_total{result=\"bad\"}", values: "0+0x60 100+100x10"),
            ],
            pair,
            Self.atOnce
        )
    }
}
