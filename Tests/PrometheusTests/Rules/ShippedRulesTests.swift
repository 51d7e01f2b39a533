import Foundation
import ObjectiveSamples
import OpenSLO
import Prometheus
import SLO
import Testing

/// The files of `infra` are what the generator writes, and what Prometheus and Alertmanager take.
///
/// With `WEIR_REWRITE` in the environment the rules are written anew before they are compared.
@Suite struct ShippedRulesTests {
    private let rules: PrometheusRules

    init() throws {
        let files = try OpenSLO.files(at: [repositoryFile("slo/storefront")])
        rules = PrometheusRules(try OpenSLO.read(files).checked().objectives)
    }

    private func compare(_ path: String, with text: String) throws {
        let path = repositoryFile(path)
        if ProcessInfo.processInfo.environment["WEIR_REWRITE"] != nil {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let kept = try String(contentsOfFile: path, encoding: .utf8)
        #expect(kept == text, "\(path) is old; write it anew with WEIR_REWRITE=1 swift test")
    }

    @Test func `the rules are what the shipped objectives come to`() throws {
        try compare("infra/prometheus/storefront.rules.yml", with: rules.rules)
        try compare(
            "infra/prometheus/storefront.rules.test.yml",
            with: rules.tests(rulesFile: "storefront.rules.yml")
        )
    }

    @Test func `Alertmanager hides the slower tiers`() throws {
        let path = repositoryFile("infra/alertmanager/alertmanager.yml")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.hasSuffix(PrometheusRules.inhibition))
    }

    @Test func `no secret is kept`() throws {
        let path = repositoryFile("infra/alertmanager/alertmanager.yml")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(!text.contains("hooks.slack.com"))
        #expect(text.contains("slack_api_url_file:"))
    }

    @Test func `the dashboard is JSON, and draws what the scrape has`() throws {
        let path = repositoryFile("infra/grafana/objectives.json")
        let data = try Data(contentsOf: URL(filePath: path))
        #expect(try JSONSerialization.jsonObject(with: data) is [String: Any])
        let text = String(decoding: data, as: UTF8.self)
        for name in [
            "slo_state", "slo_error_budget_remaining_ratio", "slo_burn_rate", "slo_sli_ratio",
            "slo_objective_ratio", "slo_window_coverage_ratio", "slo_events_total",
            "slo_alert_firing", "slo_info",
        ] {
            #expect(text.contains(name), "nothing draws \(name)")
        }
    }

    @Test(.enabled(if: ExternalTool.promtool != nil, "promtool is not installed"))
    func `promtool takes the rules, all of them, and the scrape configuration`() throws {
        let promtool = try #require(ExternalTool.promtool)
        let folder = repositoryFile("infra/prometheus")
        let check = try promtool.run(["check", "rules", "storefront.rules.yml"], in: folder)
        #expect(check.isSuccess, "\(check.output)")
        // It reads the first document of a file alone, and says how many rules that has.
        let count = rules.rules.split(separator: "\n").count {
            $0.hasPrefix("      - record: ") || $0.hasPrefix("      - alert: ")
        }
        #expect(check.output.contains("SUCCESS: \(count) rules found"), "\(check.output)")
        let config = try promtool.run(["check", "config", "prometheus.yml"], in: folder)
        #expect(config.isSuccess, "\(config.output)")
    }

    @Test(.enabled(if: ExternalTool.promtool != nil, "promtool is not installed"))
    func `the rules pass the unit tests that come with them`() throws {
        let promtool = try #require(ExternalTool.promtool)
        let result = try promtool.run(
            ["test", "rules", "storefront.rules.test.yml"],
            in: repositoryFile("infra/prometheus")
        )
        #expect(result.isSuccess, "\(result.output)")
    }

    @Test(.enabled(if: ExternalTool.amtool != nil, "amtool is not installed"))
    func `amtool takes the routes and the inhibition`() throws {
        let amtool = try #require(ExternalTool.amtool)
        let result = try amtool.run(
            ["check-config", "alertmanager.yml"],
            in: repositoryFile("infra/alertmanager")
        )
        #expect(result.isSuccess, "\(result.output)")
        #expect(result.output.contains("3 inhibit rules"), "\(result.output)")
    }
}
