import Documents
import SLO
import Testing

/// What lint doubts in objectives that are allowed.
@Suite struct ObjectiveLintTests {
    struct Row: CustomTestStringConvertible {
        var title: String
        var changes: [(String, String)]
        var doubts: [String]

        init(_ title: String, _ changes: [(String, String)], _ doubts: String...) {
            self.title = title
            self.changes = changes
            self.doubts = doubts
        }

        var testDescription: String { title }
    }

    private func lint(
        _ changes: [(String, String)],
        _ world: ObjectiveLint.World = .init()
    ) -> [String] {
        let result = reading(changes.reduce(minimalSet) { $0.replacing($1.0, with: $1.1) })
        #expect(result.mistakes.map(\.description) == [])
        let doubts = ObjectiveLint.warnings(for: result.set, in: world)
        return doubts.map { String($0.description.dropFirst(2)) }
    }

    @Test(arguments: Self.rows)
    func `what will not do what somebody hopes is doubted`(row: Row) {
        #expect(lint(row.changes) == row.doubts)
    }

    private static let condition = "metadata: {name: fast-burn-1h"
    private static let slo = "metadata: {name: checkout-availability"
    private static let traffic = "annotations: {weir.dev/expected-events-per-hour: "

    private static let rows = [
        Row("nothing", []),
        Row(
            "a threshold that a target of 90% cannot reach",
            [("target: 0.999", "target: 0.9")],
            "23:71: the threshold 14.4 cannot be reached: with the target 0.9 the burn rate is at "
                + "most 10; expected a lower threshold"
        ),
        Row(
            "counters that the query adds up",
            [("query: 'orders_total'", "query: 'sum(orders_total)'")],
            "18:27: the query puts counters together before anything is counted, so that nobody "
                + "can tell a restart, or a replica that comes or goes, from events; expected the "
                + "counters themselves, whose increments are taken one by one and added up"
        ),
        Row(
            "rates that are said to be counters",
            [("query: 'orders_total'", "query: 'sum(rate(orders_total[5m]))'")],
            "18:27: 'counter: true', and the query gives no counter, but a rate per second, "
                + "weighed by the length of each slice; it is read so; expected 'counter: false', "
                + "or the counter itself"
        ),
        Row(
            "a query of which nobody sees what it gives",
            [("query: 'orders_total'", "query: 'orders_total * 2'")],
            "18:27: it cannot be seen what the query gives; it is read as a counter of each of its "
                + "series; say it with gives: counter, rate or count, beside the query"
        ),
        Row(
            "the same where the document says it",
            [("query: 'orders_total'", "query: 'orders_total * 2', gives: counter")]
        ),
        Row("a threshold that is just reached", [("target: 0.999", "target: 0.931")]),
        Row(
            "a threshold that is just not reached",
            [("target: 0.999", "target: 0.9305555555555555")],
            "23:71: the threshold 14.4 cannot be reached: with the target 0.9305555555555555 the "
                + "burn rate is at most 14.4; expected a lower threshold"
        ),
        Row(
            "a Prometheus of which nobody says where it is",
            [("{url: \"http://127.0.0.1:9090\"}", "{hostname: localhost}")],
            "9:14: the DataSource 'local-prom' does not say where its Prometheus is, so that no "
                + "report can ask it; expected connectionDetails: {url: http://…}"
        ),
        Row(
            "a composite of which the weights are more than the whole",
            [
                (
                    "[{displayName: Good, target: 0.999}]",
                    "[{target: 0.999, indicatorRef: checkout-ok-ratio, compositeWeight: 0.75}, "
                        + "{target: 0.999, indicatorRef: checkout-ok-ratio, compositeWeight: 0.5}]"
                ),
                ("  indicatorRef: checkout-ok-ratio\n", ""),
            ],
            "46:25: the weights 0.75, 0.5 add up to more than 1, so that the SLI can be below 0; "
                + "expected weights that add up to 1"
        ),
        Row(
            "a target of nothing",
            [("target: 0.999", "target: 0")],
            "23:71: the threshold 14.4 cannot be reached: with the target 0 the burn rate is at "
                + "most 1; expected a lower threshold",
            "47:44: a target of 0 cannot be missed; expected a share that has to be good"
        ),
        Row(
            "a window shorter than the alert's",
            [("lookbackWindow: 1h", "lookbackWindow: 31d")],
            "23:93: the alert looks back 31d, longer than the window of "
                + "'checkout-availability', 30d; expected less"
        ),
        Row("a window as long as the alert's", [("lookbackWindow: 1h", "lookbackWindow: 30d")]),
        Row(
            "a tier without a short window",
            [(condition, condition + ", annotations: {weir.dev/tier: fast}")],
            "23:93: the tier has no short window, so that the alert goes on for up to 1h after "
                + "its cause has ended; expected the annotation weir.dev/short-window"
        ),
        Row(
            "a tier with its short window",
            [
                (
                    condition,
                    condition
                        + ", annotations: {weir.dev/tier: fast, weir.dev/short-window: 5m}"
                )
            ]
        ),
        Row(
            "no policy",
            [("  alertPolicies: [{alertPolicyRef: checkout-page}]\n", "")],
            "41:18: no alert policy watches 'checkout-availability'; expected at least one, so "
                + "that somebody hears of its budget"
        ),
        Row(
            "a policy that tells of nothing",
            [("  alertWhenBreaching: true\n", "")],
            "23:71: the policy 'checkout-page' tells nobody of a breach; expected "
                + "'alertWhenBreaching: true'"
        ),
        Row(
            "slices longer than an alert's window",
            [
                ("Occurrences", "Timeslices"),
                ("target: 0.999", "target: 0.99, timeSliceTarget: 1, timeSliceWindow: 2h"),
            ],
            "23:93: the alert's window of 1h holds no whole slice of 'checkout-availability', "
                + "2h; expected a longer one"
        ),
        Row(
            "a budget of less than a slice",
            [
                ("Occurrences", "Timeslices"),
                ("target: 0.999", "target: 0.9999, timeSliceTarget: 1, timeSliceWindow: 10m"),
            ],
            "47:44: the budget is less than one of 4320 slices, so that a single bad one breaks "
                + "the objective; expected a lower target or shorter slices"
        ),
        Row(
            "10 events an hour",
            [(slo, slo + ", " + traffic + "\"10\"}")],
            "23:71: at 10 events per hour a single failure within 1h is a burn rate of 100 and "
                + "fires this alert (14.4); expected 70 events in the window, or the annotation "
                + "weir.dev/minimum-events, or Timeslices"
        ),
        Row("70 events an hour", [(slo, slo + ", " + traffic + "\"70\"}")]),
        Row(
            "69 events an hour",
            [(slo, slo + ", " + traffic + "\"69\"}")],
            "23:71: at 69 events per hour a single failure within 1h is a burn rate of 14.49 and "
                + "fires this alert (14.4); expected 70 events in the window, or the annotation "
                + "weir.dev/minimum-events, or Timeslices"
        ),
        Row(
            "694 events an hour at 99.99%",
            [("target: 0.999", "target: 0.9999"), (slo, slo + ", " + traffic + "\"694\"}")],
            "23:71: at 694 events per hour a single failure within 1h is a burn rate of 14.41 and "
                + "fires this alert (14.4); expected 695 events in the window, or the annotation "
                + "weir.dev/minimum-events, or Timeslices"
        ),
        Row(
            "fewer events than an alert asks for",
            [
                (slo, slo + ", " + traffic + "\"10\"}"),
                (condition, condition + ", annotations: {weir.dev/minimum-events: \"20\"}"),
            ],
            "23:93: at 10 events per hour the alert's window has 10 of them, fewer than its "
                + "minimum, 20: it never fires; expected a longer window or a lower minimum"
        ),
    ]

    @Test func `traffic that is known counts for more than what was expected`() throws {
        let changes = [(Self.slo, Self.slo + ", " + Self.traffic + "\"10\"}")]
        let many = ObjectiveLint.World(
            eventsPerHour: ["checkout-availability": ExactDecimal(100_000)]
        )
        #expect(lint(changes, many) == [])
    }

    @Test func `an objective that no meter feeds is doubted`() {
        let text = minimalSet.replacing(
            "spec: {type: Prometheus, connectionDetails: {url: \"http://127.0.0.1:9090\"}}",
            with: "spec: {type: weir, connectionDetails: {}}"
        )
        .replacing("type: Prometheus, ", with: "")
        .replacing("type: Prometheus, ", with: "")
        .replacing("query: 'orders_total{result=\"ok\"}'", with: "meter: orders.succes")
        .replacing("query: 'orders_total'", with: "meter: orders.total")
        let result = reading(text)
        #expect(result.mistakes.map(\.description) == [])
        let world = ObjectiveLint.World(meters: ["orders.success", "orders.total"])
        #expect(
            ObjectiveLint.warnings(for: result.set, in: world).map(\.description) == [
                "f:17:27: no meter 'orders.succes' feeds 'checkout-availability'; did you mean "
                    + "'orders.success'? there are orders.success, orders.total"
            ]
        )
        #expect(ObjectiveLint.warnings(for: result.set).map(\.description) == [])
    }

    @Test func `the tiers of a policy are held to the target as conditions are`() {
        let policy = "metadata: {name: checkout-page"
        let tiers = ", annotations: {weir.dev/tiers: \"fast, long\"}"
        #expect(
            lint([(policy, policy + tiers), ("target: 0.999", "target: 0.9")]) == [
                "32:63: the threshold 14.4 cannot be reached: with the target 0.9 the burn rate "
                    + "is at most 10; expected a lower threshold"
            ]
        )
    }
}
