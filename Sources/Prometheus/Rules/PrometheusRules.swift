package import SLO
internal import Timekeeping

/// What Prometheus and Alertmanager need to know of some objectives, and of the invariants of
/// datasets, each as a YAML document.
package struct PrometheusRules: Sendable {
    private let objectives: [Objective]
    private let origin: RuleOrigin
    /// The objectives of which there are no rules, with the reason of each.
    package private(set) var omitted: [(name: String, reason: String)] = []

    /// The rules of `objectives`, whose names differ, over what `origin` says.
    package init(
        _ objectives: [Objective],
        over origin: RuleOrigin = .scrape,
        scaling: BurnRateScaling = .windows
    ) {
        self.origin = origin
        var chosen: [Objective] = []
        for objective in objectives {
            if origin == .queries,
                let reason = ObjectiveRules.obstacle(toQueriesOf: objective)
            {
                omitted.append((objective.name, reason))
                continue
            }
            chosen.append(scaling == .factors ? objective.withScaledFactors : objective)
        }
        self.objectives = chosen
    }

    /// Whether there is any objective of which there are rules.
    package var isEmpty: Bool { objectives.isEmpty }

    private var parts: [ObjectiveRules] {
        objectives.map { ObjectiveRules(objective: $0, origin: origin) }
    }

    private static let origin = "# Written by `weir slo rules`; change the objectives instead.\n"

    /// The recording rules and alerts: one document with many groups, since Prometheus reads no
    /// second one.
    package var rules: String {
        // Of the invariants a run tells, and no query of an objective.
        let groups =
            parts.flatMap(\.groups) + (origin == .scrape ? [InvariantRules.group] : [])
        return Self.origin + YAMLValue.mapping([("groups", .list(groups))]).document
    }

    /// The unit tests of the rules over a scrape, for `promtool test rules`; `rulesFile` is where
    /// the rules are, as seen from the tests.
    package func tests(rulesFile: String) -> String {
        let rules = parts
        let document = YAMLValue.mapping([
            ("rule_files", .list([.text(rulesFile)])),
            ("evaluation_interval", .text(PromQL.duration(RuleTests.tick))),
            // What an alert reads is recorded before it, at the same instant.
            (
                "group_eval_order",
                .list((rules.flatMap(\.groupNames) + [InvariantRules.name]).map { .text($0) })
            ),
            ("tests", .list(rules.flatMap { RuleTests(rules: $0).tests } + InvariantRules.tests)),
        ])
        return Self.origin + document.document
    }

    /// Alertmanager's inhibition: while a tier fires, the slower ones of the same objective are
    /// not notified, for one outage sets off all of them.
    ///
    /// The matcher on `slo` keeps alerts apart that have no such label, which otherwise count as
    /// equal.
    package static var inhibition: String {
        let tiers = AlertTier.allCases
        let rules = tiers.dropLast().map { tier -> YAMLValue in
            let slower = tiers.filter { $0 > tier }.map(\.rawValue).joined(separator: "|")
            return .mapping([
                ("source_matchers", .list([.text("tier=\"\(tier.rawValue)\"")])),
                (
                    "target_matchers",
                    .list([.text("tier=~\"\(slower)\""), .text("slo!=\"\"")])
                ),
                ("equal", .list([.text("slo")])),
            ])
        }
        return YAMLValue.mapping([("inhibit_rules", .list(Array(rules)))]).document
    }
}

/// What the rules read.
package enum RuleOrigin: String, CaseIterable, Sendable {
    /// What a run with `--serve` tells of its objectives.
    case scrape
    /// What the objectives themselves ask a Prometheus, which needs no run of this program.
    case queries
}

/// How the pairs of the SRE Workbook, which are made for 30 days, suit another period.
package enum BurnRateScaling: String, CaseIterable, Sendable {
    /// The windows are scaled by period/30d, and the factors stay.
    case windows
    /// The windows stay, and the factors are scaled by period/30d.
    case factors
}
