import ObjectiveSamples
import SLO
import Testing

/// Documents, and whether the reference SDK for Go takes them: a row for each of its rules.
///
/// The rows are changes to the minimal set, which it takes. Where this program judges otherwise
/// `slo/README.md` says so, and the row says it too.
@Suite struct OpenSLOJudgementTests {
    struct Row: CustomTestStringConvertible {
        var rule: String
        var changes: [(String, String)]
        /// What the SDK says.
        var isValid: Bool
        /// Whether this program says something else.
        var differs = false

        var testDescription: String { rule }
    }

    private static func valid(_ rule: String, _ changes: (String, String)...) -> Row {
        Row(rule: rule, changes: changes, isValid: true)
    }

    private static func invalid(_ rule: String, _ changes: (String, String)...) -> Row {
        Row(rule: rule, changes: changes, isValid: false)
    }

    private static func differing(
        _ rule: String,
        isValid: Bool,
        _ changes: (String, String)...
    ) -> Row {
        Row(rule: rule, changes: changes, isValid: isValid, differs: true)
    }

    private static let long = String(repeating: "a", count: 1051)
    private static let name = "metadata: {name: checkout}"

    static let metadata = [
        valid("as it is"),
        invalid("a name is there", (name, "metadata: {displayName: x}")),
        invalid("a name is a DNS label", (name, "metadata: {name: Check_out}")),
        invalid("a name has 63 characters", (name, "metadata: {name: \(long.prefix(64))}")),
        valid(
            "a displayName has 63 characters",
            (name, "metadata: {name: checkout, displayName: \(long.prefix(63))}")
        ),
        invalid(
            "a displayName has no more",
            (name, "metadata: {name: checkout, displayName: \(long.prefix(64))}")
        ),
        valid(
            "a label is a text or a list",
            (name, "metadata: {name: checkout, labels: {team: a, Env_1.x: [b, c], none: }}")
        ),
        invalid("a label's key", (name, "metadata: {name: checkout, labels: {-a: b}}")),
        valid(
            "an annotation's key may have a domain",
            (name, "metadata: {name: checkout, annotations: {my-domain.org/my-key: b}}")
        ),
        invalid("and one of them", (name, "metadata: {name: checkout, annotations: {a/b/c: d}}")),
        invalid("a field is known", (name, "metadata: {name: checkout, owner: x}")),
        invalid("the version", ("apiVersion: openslo/v1\nkind: Service", "kind: Service")),
        invalid("the kind", ("kind: Service", "kind: Servant")),
    ]

    static let services = [
        valid(
            "a Service may have an empty spec",
            ("spec: {description: Checkout API}", "spec: {}")
        ),
        valid("or nothing in it", ("spec: {description: Checkout API}", "spec:")),
        valid("or none", ("spec: {description: Checkout API}\n", "")),
        invalid("a description has 1050 characters", ("Checkout API", long)),
        valid("and may have so many", ("Checkout API", String(long.dropLast()))),
        valid("a field without a value is absent", ("description: Checkout API", "description: ")),
    ]

    private static let source =
        #"{type: Prometheus, connectionDetails: {url: "http://127.0.0.1:9090"}}"#
    private static let typed = "metricSourceRef: local-prom, type: Prometheus"

    static let dataSources = [
        invalid("a DataSource has a type", (source, "{connectionDetails: {}}")),
        invalid("and details", (source, "{type: Prometheus}")),
        valid("be they empty", (source, "{type: Prometheus, connectionDetails: {}}")),
        valid("or nothing", (source, "{type: Prometheus, connectionDetails: }")),
        valid("or a text", (source, "{type: Prometheus, connectionDetails: over there}")),
        valid(
            "any type will do",
            (source, "{type: Datadog, connectionDetails: {a: [1]}}"),
            (typed, "metricSourceRef: local-prom"),
            (typed, "metricSourceRef: local-prom")
        ),
    ]

    private static let good = """
        good:  {metricSource: {metricSourceRef: local-prom, type: Prometheus, \
        spec: {query: 'orders_total{result="ok"}'}}}
        """
    private static let total = """
        total: {metricSource: {metricSourceRef: local-prom, type: Prometheus, \
        spec: {query: 'orders_total'}}}
        """
    private static let metric = "{metricSource: {type: Prometheus, spec: {query: x}}}"

    static let indicators = [
        invalid(
            "a metric is there",
            ("ratioMetric:", "description: x"),
            ("    counter: true\n", "")
        )
        .without(good, total),
        invalid("one of them", ("spec:\n  ratio", "spec:\n  thresholdMetric: \(metric)\n  ratio")),
        valid("bad in place of good", (good, good.replacing("good:", with: "bad:"))),
        invalid("good needs total", (total, "")),
        invalid("total needs good or bad", (good, "")),
        valid("good stands beside bad", (total, total + "\n    bad: \(metric)")),
        invalid(
            "total excludes raw",
            (total, total + "\n    raw: \(metric)\n    rawType: success")
        ),
        valid("raw with its type", (good, "raw: \(metric)"), (total, "rawType: failure")),
        invalid("raw needs its type", (good, "raw: \(metric)"), (total, "")),
        invalid("which is one of two", (good, "raw: \(metric)"), (total, "rawType: both")),
        invalid("raw excludes good", (total, "raw: \(metric)\n    rawType: success")),
        valid("a type without raw is idle", (total, total + "\n    rawType: success")),
        invalid("a source says what to ask", ("{query: 'orders_total'}", "{}")),
        invalid("a source is there", (total, "total: {}")),
        invalid(
            "a reference is a name",
            ("metricSourceRef: local-prom", "metricSourceRef: my prom")
        ),
        valid("a source may tell no type", (typed, "type: Datadog"), (typed + ", ", "")),
        valid("what is asked is anybody's", ("{query: 'orders_total'}", "{a: {b: [1]}}")),
        valid("and more than one", ("{query: 'orders_total'}", "{query: x, type: y}")),
    ]

    private static let condition =
        "{kind: burnrate, op: gt, threshold: 14.4, lookbackWindow: 1h, alertAfter: 5m}"
    private static let inline =
        "kind: AlertCondition, metadata: {name: x}, spec: "
        + "{severity: page, condition: \(condition)}"

    static let alerting = [
        invalid("a severity is there", ("{severity: page, ", "{")),
        invalid("a condition is there", (", condition: \(condition)", "")),
        invalid("its kind", ("kind: burnrate", "kind: budget")),
        invalid("its operator", ("op: gt, ", "")),
        invalid("which is one of four", ("op: gt, ", "op: eq, ")),
        invalid("its threshold", ("threshold: 14.4, ", "")),
        valid("which may be 0", ("threshold: 14.4", "threshold: 0")),
        differing("and below it", isValid: true, ("threshold: 14.4", "threshold: -1")),
        invalid("its window", ("lookbackWindow: 1h, ", "")),
        invalid("in one of seven units", ("lookbackWindow: 1h", "lookbackWindow: 1s")),
        valid("its delay may be absent", (", alertAfter: 5m", "")),
        valid("or nothing", ("alertAfter: 5m", "alertAfter: 0m")),
        invalid(
            "a policy has a condition",
            ("conditions: [{conditionRef: fast-burn-1h}]", "conditions: []")
        ),
        invalid(
            "and one of them",
            ("[{conditionRef: fast-burn-1h}]", "[{conditionRef: fast-burn-1h}, {\(inline)}]")
        ),
        valid("in place", ("conditionRef: fast-burn-1h", inline)),
        invalid("in place or elsewhere", ("conditionRef: ", "\(inline), conditionRef: ")),
        invalid(
            "of its kind",
            ("conditionRef: fast-burn-1h", inline.replacing("AlertC", with: "C"))
        ),
        invalid(
            "a policy has a target",
            ("notificationTargets: [{targetRef: oncall-webhook}]", "notificationTargets: []")
        ),
        invalid("a target says where", ("{target: webhook}", "{description: x}")),
        differing(
            "what is referred to is somewhere",
            isValid: true,
            ("targetRef: oncall-webhook", "targetRef: elsewhere")
        ),
    ]

    private static let window = "[{duration: 30d, isRolling: true}]"
    private static func calendar(_ zone: String, _ start: String = "2026-01-01 00:00:00") -> String
    {
        "[{duration: 1M, calendar: {startTime: \(start), timeZone: \(zone)}}]"
    }

    static let windows = [
        invalid("a window is there", ("timeWindow: \(window)", "description: x")),
        invalid("not none", (window, "[]")),
        invalid(
            "not two",
            (window, "[{duration: 1d, isRolling: true}, {duration: 2d, isRolling: true}]")
        ),
        invalid("its length is there", ("duration: 30d, ", "")),
        differing("and is something", isValid: true, ("duration: 30d", "duration: 0d")),
        invalid("it rolls or has a calendar", (window, "[{duration: 30d}]")),
        invalid(
            "and not both",
            (
                "isRolling: true",
                "isRolling: true, calendar: {startTime: 2026-01-01 00:00:00, timeZone: UTC}"
            )
        ),
        valid("a calendar", (window, calendar("Europe/Berlin"))),
        valid("a zone without a region", (window, calendar("CET"))),
        valid("one with rules in its name", (window, calendar("EST5EDT"))),
        valid("a country", (window, calendar("Japan"))),
        invalid("an abbreviation is no zone", (window, calendar("PST"))),
        invalid("a start has no zone", (window, calendar("UTC", "2026-01-01T00:00:00Z"))),
        differing("the zone of the machine", isValid: true, (window, calendar("Local"))),
    ]

    private static let objective = "[{displayName: Good, target: 0.999}]"
    private static let threshold =
        "indicator: {metadata: {name: x}, spec: {thresholdMetric: \(metric)}}"
    private static let ratio =
        "indicator: {metadata: {name: x}, spec: {ratioMetric: {good: \(metric), total: \(metric)}}}"
    private static let ref = "indicatorRef: checkout-ok-ratio"
    private static let slices = "timeSliceTarget: 0.9, timeSliceWindow: 5m"

    static let objectives = [
        invalid("a service is named", ("  service: checkout\n", "")),
        valid(
            "by any text, where no Service is declared",
            (String(minimalSet.prefix { $0 != "-" }) + "---\n", ""),
            ("service: checkout", "service: Check out")
        ),
        invalid("an indicator is there", ("  \(ref)\n", "")),
        invalid("and one", (ref, "\(ref)\n  \(ratio)")),
        invalid("on the spec or the objectives", ("target: 0.999", "target: 0.999, \(ref)")),
        invalid("a reference is a name", (ref, "indicatorRef: my sli")),
        invalid("a method is there", ("  budgetingMethod: Occurrences\n", "")),
        invalid("which is one of three", ("Occurrences", "Occasions")),
        valid("objectives may be none", (objective, "[]")),
        valid("a target of 0", ("target: 0.999", "target: 0.0")),
        invalid("a target of 1", ("target: 0.999", "target: 1.0")),
        invalid("a target below 0", ("target: 0.999", "target: -0.1")),
        valid("in per cent", ("target: 0.999", "targetPercent: 99.9999")),
        invalid("of all", ("target: 0.999", "targetPercent: 100")),
        invalid("a target is there", (", target: 0.999", "")),
        invalid("and one", ("target: 0.999", "target: 0.1, targetPercent: 10")),
        valid("its name may be long", ("displayName: Good", "displayName: \(long)")),
        valid("several targets", (objective, "[{target: 0.9}, {target: 0.99}]")),
        invalid("a threshold in place needs op and value", (ref, threshold)),
        valid(
            "and has them",
            (ref, threshold),
            ("target: 0.999", "target: 0.999, op: lte, value: 1")
        ),
        invalid(
            "one of four",
            (ref, threshold),
            ("target: 0.999", "target: 0.999, op: eq, value: 1")
        ),
        invalid(
            "a ratio in place has none",
            (ref, ratio),
            ("target: 0.999", "target: 0.999, op: lte")
        ),
        valid("elsewhere it may", ("target: 0.999", "target: 0.999, op: lte, value: 1")),
        invalid("Timeslices need both", ("Occurrences", "Timeslices")),
        valid(
            "and have them",
            ("Occurrences", "Timeslices"),
            ("target: 0.999", "target: 0.999, \(slices)")
        ),
        invalid(
            "a slice's target is not 0",
            ("Occurrences", "Timeslices"),
            ("target: 0.999", "target: 0.999, timeSliceTarget: 0, timeSliceWindow: 5m")
        ),
        invalid("RatioTimeslices need a window", ("Occurrences", "RatioTimeslices")),
        valid(
            "and nothing more",
            ("Occurrences", "RatioTimeslices"),
            ("target: 0.999", "target: 0.999, timeSliceWindow: 5m")
        ),
        differing(
            "a bare number of minutes",
            isValid: false,
            ("Occurrences", "RatioTimeslices"),
            ("target: 0.999", "target: 0.999, timeSliceWindow: 5")
        ),
        valid(
            "policies may be absent",
            ("  alertPolicies: [{alertPolicyRef: checkout-page}]\n", "")
        ),
        valid("or nothing", ("alertPolicies: [{alertPolicyRef: checkout-page}]", "alertPolicies:")),
        valid("or none", ("[{alertPolicyRef: checkout-page}]", "[]")),
    ]

    private static func composite(_ first: String, _ second: String) -> [(String, String)] {
        [("  \(ref)\n", ""), (objective, "[{\(ref), \(first)}, {\(ref), \(second)}]")]
    }

    static let composites = [
        Row(rule: "weights are 1", changes: composite("target: 0.9", "target: 0.9"), isValid: true),
        Row(
            rule: "targets differ",
            changes: composite("target: 0.98", "target: 0.99"),
            isValid: true
        ),
        Row(
            rule: "weights are large",
            changes: composite(
                "target: 0.9, compositeWeight: 20.0",
                "target: 0.9, compositeWeight: 999999999999.9999"
            ),
            isValid: true
        ),
        Row(
            rule: "a weight of 0",
            changes: composite("target: 0.9, compositeWeight: 0", "target: 0.9"),
            isValid: false
        ),
        Row(
            rule: "a weight below 0",
            changes: composite("target: 0.9, compositeWeight: -2", "target: 0.9"),
            isValid: false
        ),
        Row(
            rule: "one without an indicator",
            changes: [("  \(ref)\n", ""), (objective, "[{\(ref), target: 0.9}, {target: 0.9}]")],
            isValid: true,
            differs: true
        ),
    ]

    @Test(
        arguments: metadata + services + dataSources + indicators + alerting + windows + objectives
            + composites
    )
    func `a document is judged as the reference judges it, or the table says why not`(row: Row) {
        let text = row.changes.reduce(minimalSet) { $0.replacing($1.0, with: $1.1) }
        let mistakes = complaints(about: text)
        #expect(mistakes.isEmpty == (row.isValid != row.differs), "\(mistakes)\n\(text)")
    }
}

extension OpenSLOJudgementTests.Row {
    /// Without these lines as well.
    fileprivate func without(_ lines: String...) -> Self {
        var row = self
        row.changes += lines.map { ($0, "") }
        return row
    }
}
