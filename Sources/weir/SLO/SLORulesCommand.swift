internal import ArgumentParser
internal import OpenSLO
internal import Prometheus
internal import SLO

/// `weir slo rules`: what Prometheus and Alertmanager need to know of the objectives.
struct SLORulesCommand: Verb {
    /// Which of the documents is printed.
    enum Part: String, ExpressibleByArgument, CaseIterable {
        case rules
        case tests
        case inhibition
    }

    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Prometheus recording rules and alerts, their tests, Alertmanager inhibition.",
        discussion: """
            weir slo rules > rules.yaml
            weir slo rules --part tests --rules-file rules.yaml > rules.test.yaml
            promtool test rules rules.test.yaml

            --over queries makes rules of the objectives' own Prometheus queries, so that no run \
            of Weir has to be scraped.
            """
    )

    @OptionGroup var objectives: ObjectiveFiles

    @Option(help: "What to print: rules, tests (for promtool) or inhibition (Alertmanager).")
    var part: Part = .rules

    @Option(help: "What the rules read: scrape (of a run with --serve) or queries (the SLIs' own).")
    var over: RuleOrigin = .scrape

    @Option(
        help: """
            What of the SRE Workbook's pairs is scaled to the period of an objective: windows or \
            factors.
            """
    )
    var scaling: BurnRateScaling = .windows

    @Option(help: "The path of the rules, relative to the tests.")
    var rulesFile = "rules.yaml"

    func validate() throws {
        if over == .queries, part == .tests {
            throw ValidationError(
                "--part tests is for rules over a scrape: what your own series are like, you know."
            )
        }
    }

    func perform() async throws {
        let set = try objectives.read()
        let rules = PrometheusRules(set.objectives, over: over, scaling: scaling)
        for (name, reason) in rules.omitted {
            Terminal.message("warning: no rules of '\(name)': \(reason)")
        }
        if rules.isEmpty, !rules.omitted.isEmpty {
            throw ExitStatus.wrongDocument.code
        }
        let text: String
        switch part {
        case .rules: text = rules.rules
        case .tests: text = rules.tests(rulesFile: rulesFile)
        case .inhibition: text = PrometheusRules.inhibition
        }
        try Terminal.document(text.hasSuffix("\n") ? text : text + "\n")
    }
}

extension RuleOrigin: ExpressibleByArgument {}

extension BurnRateScaling: ExpressibleByArgument {}
