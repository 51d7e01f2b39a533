import ObjectiveSamples
import Prometheus
import SLO
import Testing

/// What the rules say, word for word where a digit decides.
@Suite struct RuleTextTests {
    /// The rules of the minimal objective after some changes, without those of invariants.
    private func rules(_ changes: (String, String)...) throws -> String {
        let rules = try prometheusRules(
            changes.reduce(minimalSet) { $0.replacing($1.0, with: $1.1) }
        ).rules
        let parts = rules.split(separator: "  - name: dataset-invariants\n")
        try #require(parts.count == 2)
        return String(parts[0])
    }

    @Test(arguments: [
        ("0.999", "14.4", "0.0144", "0.001"), ("0.9999", "14.4", "0.00144", "0.0001"),
        ("0.999999", "6", "0.000006", "0.000001"), ("0.95", "5.6", "0.28", "0.05"),
        ("0", "0.5", "0.5", "1"),
    ])
    func `budgets and thresholds are exact decimals`(
        target: String,
        factor: String,
        threshold: String,
        budget: String
    ) throws {
        let rules = try rules(
            ("target: 0.999", "target: \(target)"),
            ("threshold: 14.4", "threshold: \(factor)")
        )
        #expect(rules.contains(") > \(threshold))\n"))
        #expect(rules.contains("vector(\(budget))\n"))
        #expect(rules.contains("vector(\(target))\n"))
    }

    @Test func `a document is one, with the names that dashboards know`() throws {
        let rules = try rules()
        #expect(!rules.contains("\n---"))
        for name in [
            "slo:sli_error:ratio_rate5m", "slo:sli_error:ratio_rate30m",
            "slo:sli_error:ratio_rate1h", "slo:sli_error:ratio_rate2h",
            "slo:sli_error:ratio_rate6h", "slo:sli_error:ratio_rate1d",
            "slo:sli_error:ratio_rate3d", "slo:sli_error:ratio_rate30d", "slo:objective:ratio",
            "slo:error_budget:ratio", "slo:time_period:days", "slo:current_burn_rate:ratio",
            "slo:period_burn_rate:ratio", "slo:period_error_budget_remaining:ratio",
            "sloth_slo_info",
        ] {
            #expect(rules.contains("- record: \(name)\n"), "\(name) is missing")
        }
        #expect(rules.contains("sloth_id: checkout-checkout-availability\n"))
        #expect(rules.contains("sloth_objective: \"99.9\"\n"))
        #expect(rules.contains("vector(30)\n"))
    }

    @Test func `the comparison is the document's`() throws {
        #expect(try rules(("op: gt,", "op: gte,")).contains(") >= 0.0144)\n"))
    }

    @Test func `an alert waits as long as the document says`() throws {
        #expect(try rules().contains("for: \"5m\"\n"))
        #expect(try !rules(("alertAfter: 5m", "alertAfter: 0m")).contains("for: "))
    }

    @Test func `a tier is a label, and names the alert`() throws {
        let rules = try rules(
            (
                "metadata: {name: fast-burn-1h}",
                "metadata: {name: fast-burn-1h, annotations: {weir.dev/tier: fast, "
                    + "weir.dev/short-window: 5m, weir.dev/minimum-events: \"100\"}}"
            )
        )
        #expect(rules.contains("- alert: SLOBurnRateFast\n"))
        #expect(rules.contains("          tier: fast\n"))
        #expect(rules.contains("slo:sli_spent:ratio1h{"))
        #expect(rules.contains("slo:sli_spent:ratio5m{"))
        #expect(rules.contains(") >= 100)\n"))
    }

    @Test func `a policy that tells of nothing has no alerts`() throws {
        #expect(
            try !rules(("alertWhenBreaching: true", "alertWhenNoData: false")).contains("alert:")
        )
        let noData = try rules(("alertWhenBreaching: true", "alertWhenNoData: true"))
        #expect(noData.contains("- alert: SLONoData\n"))
        #expect(!noData.contains("- alert: SLOBurnRate"))
    }

    @Test func `a calendar window takes what is left from the engine`() throws {
        let calendar = "calendar: {startTime: 2026-01-01 00:00:00, timeZone: Europe/Berlin}"
        let rules = try rules(("duration: 30d, isRolling: true", "duration: 1M, \(calendar)"))
        #expect(rules.contains("slo_error_budget_remaining_ratio{slo=\"checkout-availability\"}"))
        #expect(!rules.contains("ratio_rate30d"))
    }

    @Test(.enabled(if: ExternalTool.promtool != nil, "promtool is not installed"))
    func `no text of a document can break the rules`() throws {
        let promtool = try #require(ExternalTool.promtool)
        let description = #"'it''s {{ .Labels }} \ "quoted" #: - é – 🙂 {{ end }}'"#
        let text = minimalSet.replacing(
            "  service: checkout\n",
            with: "  description: \(description)\n  service: checkout\n"
        )
        .replacing("severity: page", with: #"severity: 'pa"ge\ {{x}}'"#)
        let rules = try prometheusRules(text)
        let files = ["r.yml": rules.rules, "t.yml": rules.tests(rulesFile: "r.yml")]
        let results = try withFolder(of: files) { folder in
            [
                try promtool.run(["check", "rules", "r.yml"], in: folder),
                try promtool.run(["test", "rules", "t.yml"], in: folder),
            ]
        }
        for result in results {
            #expect(result.isSuccess, "\(result.output)\n\(rules.rules)")
        }
    }
}
