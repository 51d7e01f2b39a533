import Foundation
import ObjectiveSamples
import Prometheus
import SLO
import Testing
import Timekeeping

/// The rules and the engine, shown the same histories, fire the same alerts.
///
/// A history has phases of traffic and failures, gaps in which nothing is measured or scraped, with
/// a mark of staleness or without, restarts of the counters, and a late beginning. Promtool follows
/// the rules over the scrapes, the engine the slices; at each evaluation an alert fires in both, or
/// in the other one an evaluation before or after; where slices of two evaluations are counted, a
/// slice; two with a minimum of events, of which a scrape sees those of half a slice. Where
/// ``ExtrapolationLeeway`` says that Prometheus cannot know, either is right.
/// `WEIR_RULE_HISTORIES` says how many histories there are.
@Suite(.enabled(if: ExternalTool.promtool != nil, "promtool is not installed"))
struct RuleAgreementTests {
    static let count =
        ProcessInfo.processInfo.environment["WEIR_RULE_HISTORIES"].flatMap { Int($0) } ?? 24

    /// What histories are held to: a rolling hour, with pairs of windows that suit it.
    static func objectives() throws -> [Objective] {
        func alert(
            _ minutes: (Int64, Int64?),
            _ factor: String,
            _ tier: AlertTier,
            _ change: (inout BurnRateAlert) -> Void = { _ in }
        ) throws -> AlertRule {
            var alert = BurnRateAlert(
                longWindow: .seconds(60 * minutes.0),
                shortWindow: minutes.1.map { .seconds(60 * $0) },
                factor: try SampleObjective.decimal(factor),
                tier: tier,
                severity: "page"
            )
            change(&alert)
            return .burnRate(alert)
        }
        let hour = TimeWindow.rolling(SampleObjective.hour)
        let exhausted = AlertRule.budgetExhausted(.init(severity: "page"))
        return [
            try SampleObjective.make(
                target: "0.99",
                window: hour,
                rules: [
                    try alert((15, 3), "14.4", .fast), try alert((30, 5), "6", .medium),
                    try alert((60, nil), "2", .slow), exhausted,
                ]
            ),
            try SampleObjective.make(
                target: "0.9",
                .timeslices(window: .seconds(60), target: try SampleObjective.decimal("0.95")),
                window: hour,
                rules: [
                    try alert((15, 3), "5", .fast), try alert((30, 5), "2", .medium), exhausted,
                ]
            ),
            try SampleObjective.make(
                target: "0.95",
                .ratioTimeslices(window: .seconds(60)),
                window: hour,
                rules: [
                    try alert((15, 3), "5", .fast) { $0.minimumEvents = 800 },
                    try alert((30, 5), "2", .medium) { $0.alertAfter = .seconds(120) },
                    exhausted,
                ]
            ),
        ]
    }

    @Test func `alerts of rules and engine differ by one evaluation at most`() throws {
        let promtool = try #require(ExternalTool.promtool)
        var files: [String: String] = [:]
        var arguments = ["test", "rules"]
        var firing = 0
        var open = 0
        for (number, objective) in try Self.objectives().enumerated() {
            let rules = PrometheusRules([objective])
            files["r\(number).yml"] = rules.rules
            let order = try #require(
                rules.tests(rulesFile: "").split(separator: "group_eval_order:\n").last
            ).split(separator: "tests:\n")[0]
            var text = """
                rule_files: [r\(number).yml]
                evaluation_interval: \(RuleHistory.tick.components.seconds)s
                group_eval_order:
                \(order)tests:

                """
            for seed in 1...UInt64(max(1, Self.count / 3)) {
                let history = RuleHistory(objective, seed: seed * 3 + UInt64(number))
                firing += history.evaluationsFiring
                open += history.evaluationsOpen
                text += history.test
            }
            files["t\(number).yml"] = text
            arguments.append("t\(number).yml")
        }
        // Else nothing is compared, or nothing decided.
        #expect(firing > Self.count)
        #expect(open * 20 < firing, "\(open) evaluations are open, \(firing) fire")
        let result = try withFolder(of: files) { try promtool.run(arguments, in: $0) }
        #expect(result.isSuccess, "\(result.output)")
    }
}

/// A random history: what the engine makes of it, and what a Prometheus scrapes meanwhile.
struct RuleHistory {
    static let tick = Duration.seconds(30)
    private static let length = 240

    private let objective: Objective
    private let seed: UInt64
    /// By the name of the series, one value for each evaluation.
    private var scrapes: [(name: String, values: [String])] = []
    /// By the name of the alert, whether it fires at each evaluation, and may or may not.
    private var alerts: [(name: String, isFiring: [Bool], may: [Bool], must: [Bool])] = []

    /// What happens at a tick.
    private enum Happening {
        case counts(good: Int64, bad: Int64)
        /// The counters are there again, and nothing was counted yet.
        case resumption
        case gap(isStale: Bool)
    }

    init(_ objective: Objective, seed: UInt64) {
        self.objective = objective
        self.seed = seed
        var chance = Randomness(seed: seed)
        var tracker = ObjectiveTracker(
            objective,
            slice: Self.tick,
            retention: .exact(.seconds(86_400))
        )
        let epoch = Timestamp(seconds: 0)
        tracker.advance(to: epoch)
        let plan = Self.plan(&chance, isSliced: objective.budgeting.sliceWindow != nil)
        // What the counters had before the first scrape, and have lost at restarts.
        var base = [ExactRatio](repeating: .zero, count: Self.counters.count)
        scrapes = Self.counters.map { (name: $0.name, values: []) }
        alerts = Self.names(of: objective).map { (name: $0, isFiring: [], may: [], must: []) }
        // Slices are counted one by one: what a share of events may be does not bound them.
        var leeways =
            objective.budgeting.sliceWindow != nil
            ? []
            : objective.alertPolicies
                .flatMap(\.rules).map {
                    ExtrapolationLeeway($0, budget: objective.budget.approximation)
                }
        var isScraped: [Bool] = []
        for number in 0...Self.length {
            let end = epoch + Self.tick * number
            if plan.restarts.contains(number) {
                base = Self.counters.map { $0.value(tracker.count) }
            }
            if number > 0, case .counts(let good, let bad) = plan.happenings[number] {
                tracker.record(Slice(start: end - Self.tick, good: good, total: good + bad))
            }
            tracker.advance(to: end)
            _ = tracker.evaluate()
            if case .gap = plan.happenings[number] {
                isScraped.append(false)
            } else {
                isScraped.append(true)
            }
            for (index, alert) in tracker.alerts.enumerated() {
                let isFiring = alert.episode != nil
                alerts[index].isFiring.append(isFiring)
                guard leeways.indices.contains(index) else {
                    alerts[index].may.append(isFiring)
                    alerts[index].must.append(isFiring)
                    continue
                }
                leeways[index].evaluate(
                    tracker,
                    at: end,
                    isScraped: isScraped,
                    tick: Self.tick
                )
                alerts[index].may.append(isFiring || leeways[index].mayFire)
                alerts[index].must.append(isFiring && !leeways[index].mayBeSilent)
            }
            for (index, counter) in Self.counters.enumerated() {
                switch plan.happenings[number] {
                case .gap(let isStale): scrapes[index].values.append(isStale ? "stale" : "_")
                case .counts, .resumption:
                    let value = counter.value(tracker.count) - base[index]
                    scrapes[index].values.append("\(value.approximation)")
                }
            }
        }
    }

    /// In how many evaluations an alert fires.
    var evaluationsFiring: Int { alerts.reduce(0) { $0 + $1.isFiring.count { $0 } } }

    /// In how many evaluations an alert may fire or not.
    var evaluationsOpen: Int {
        alerts.reduce(0) { sum, alert in
            sum + zip(alert.may, alert.must).count { $0 != $1 }
        }
    }

    private typealias Counter = (name: String, value: (ObjectiveCount) -> ExactRatio)

    private static var counters: [Counter] {
        [
            ("slo_events_total{slo=\"sample\", result=\"good\"}", { $0.good }),
            ("slo_events_total{slo=\"sample\", result=\"bad\"}", { $0.bad }),
            ("slo_measured_events_total{slo=\"sample\"}", { $0.events }),
            ("slo_observed_seconds_total{slo=\"sample\"}", { $0.observedSeconds }),
            ("slo_excluded_seconds_total{slo=\"sample\"}", { $0.excludedSeconds }),
        ]
    }

    private static func names(of objective: Objective) -> [String] {
        objective.alertPolicies.flatMap(\.rules).map { rule in
            rule.tier.map { "SLOBurnRate" + $0.rawValue.capitalized } ?? "SLOBudgetExhausted"
        }
    }

    /// What happens, in whole slices: of a minute, two ticks, where there are any.
    private static func plan(
        _ chance: inout Randomness,
        isSliced: Bool
    ) -> (happenings: [Happening], restarts: Set<Int>) {
        var happenings = [Happening](
            repeating: .gap(isStale: false),
            count: chance.below(3) == 0 ? 1 + 2 * Int(chance.below(30)) : 0
        )
        var restarts: Set<Int> = []
        while happenings.count <= length {
            if chance.below(4) == 0, !happenings.isEmpty {
                // Shorter than any long window.
                let isStale = chance.below(2) == 0
                happenings.append(.gap(isStale: isStale))
                for _ in 0..<chance.below(12) { happenings.append(.gap(isStale: false)) }
                if isSliced, happenings.count % 2 != 0 { happenings.append(.gap(isStale: false)) }
                if chance.below(2) == 0 { restarts.insert(happenings.count) }
                happenings.append(.resumption)
            }
            if chance.below(4) == 0 { restarts.insert(happenings.count) }
            let total: Int64 = [0, 20, 200, 2000, 2000][Int(chance.below(5))]
            let share: Int64 = [0, 0, 1, 5, 20, 60, 100][Int(chance.below(7))]
            let bad = total * share / 100
            for _ in 0...(2 + chance.below(40)) {
                happenings.append(.counts(good: total - bad, bad: bad))
            }
            if isSliced, happenings.count % 2 == 0 {
                happenings.append(.counts(good: total - bad, bad: bad))
            }
        }
        return (happenings, restarts)
    }

    /// The test of promtool that finds as many differences as there may be: none.
    var test: String {
        let tick = "\(Self.tick.components.seconds)s"
        let end = "\(Self.length / 2)m"
        let engine = alerts.flatMap { alert in
            [("may", alert.may), ("must", alert.must)].map { kind, values in
                (
                    name: "engine{alert=\"\(alert.name)\", kind=\"\(kind)\"}",
                    values: values.map { $0 ? "1" : "0" }
                )
            }
        }
        var text = "- name: history \(seed) of \(objective.budgeting.name)\n  interval: \(tick)\n"
        text += "  input_series:\n"
        for (name, values) in scrapes + engine {
            text += "  - {series: '\(name)', values: '\(values.joined(separator: " "))'}\n"
        }
        text += "  promql_expr_test:\n"
        for name in alerts.map(\.name) {
            let rule = "ALERTS{alertname=\"\(name)\", alertstate=\"firing\"}"
            let reach =
                switch objective.budgeting {
                case .occurrences: 30
                case .timeslices: 60
                // A minimum of events may be reached within a slice.
                case .ratioTimeslices: 120
                }
            let near = "[\(2 * reach)s] offset -\(reach)s"
            let extra = """
                count(\(rule)) unless on () \
                (max(max_over_time(engine{alert="\(name)", kind="may"}\(near))) == 1)
                """
            let missed = """
                (max(engine{alert="\(name)", kind="must"}) == 1) unless on () \
                count(count_over_time(\(rule)\(near)))
                """
            for difference in [extra, missed] {
                text += """
                      - expr: 'sum(count_over_time((\(difference))[\(end):\(tick)])) or vector(0)'
                        eval_time: \(end)
                        exp_samples: [{labels: '{}', value: 0}]

                    """
            }
        }
        return text
    }
}
