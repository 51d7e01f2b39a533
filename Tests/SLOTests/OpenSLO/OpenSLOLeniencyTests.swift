import Foundation
import SLO
import Testing

/// What the reference takes and other tools write, of which this program makes less than is meant.
@Suite struct OpenSLOLeniencyTests {
    @Test(arguments: rows)
    func `a doubt is told with its place, and is no mistake`(row: MistakeRow) {
        #expect(complaints(about: row.text) == [])
        #expect(doubts(about: row.text).filter { !$0.contains(" uses the ") } == row.complaints)
    }

    @Test func `an objective that is measured elsewhere is there, and has no data`() throws {
        let text = minimalSet.replacing("type: Prometheus, conn", with: "type: Datadog, conn")
            .replacing("type: Prometheus, ", with: "").replacing("type: Prometheus, ", with: "")
        let objective = try #require(try reading(text).checked().objectives.first)
        #expect(objective.isUnread)
        #expect(!objective.isQueried)
        #expect(ObjectiveLint.warnings(for: try reading(text).checked()).isEmpty)
    }

    @Test func `without any DataSource a reference to one is doubted`() throws {
        let source = minimalSet.components(separatedBy: "---\n")[1]
        let text = minimalSet.replacing(source + "---\n", with: "")
        #expect(complaints(about: text) == [])
        #expect(doubts(about: text).count == 2)
        #expect(doubts(about: text)[0].contains("there is no DataSource 'local-prom' here"))
    }

    @Test func `a bare number of a slice is one of minutes`() throws {
        let text = minimalSet.replacing("Occurrences", with: "RatioTimeslices")
            .replacing("target: 0.999", with: "target: 0.999, timeSliceWindow: 5")
        let objective = try #require(try reading(text).checked().objectives.first)
        #expect(objective.budgeting == .ratioTimeslices(window: .seconds(300)))
    }

    static let rows = [
        MistakeRow(
            "a data source of a type that nothing reads",
            [
                (
                    "spec: {type: Prometheus, conn",
                    "spec: {type: promethus, conn"
                ),
                (
                    "type: Prometheus, spec: {query: 'orders_total{",
                    "spec: {query: 'orders_total{"
                ),
                (
                    "type: Prometheus, spec: {query: 'orders_total",
                    "spec: {query: 'orders_total"
                ),
            ],
            "9:14: nothing here reads a source of type 'promethus', so that it has no data; did "
                + "you mean 'prometheus'?"
        ),
        MistakeRow(
            "good and bad",
            [
                (
                    "    counter: true\n",
                    "    counter: true\n    bad: {metricSource: {type: weir, spec: {meter: "
                        + "x}}}\n"
                )
            ],
            "17:10: 'good' and 'bad' stand beside each other, and 'good' counts; remove one"
        ),
        MistakeRow(
            "a raw type without raw",
            [
                (
                    "    counter: true\n",
                    "    rawType: success\n"
                )
            ],
            "16:14: 'rawType' describes 'raw', which is not there; remove it"
        ),
        MistakeRow(
            "a source without a type and a reference",
            [
                (
                    "    total: {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total'}}}\n",
                    "    total: {metricSource: {spec: {query: x}}}\n"
                )
            ],
            "18:27: nothing says where this is measured, so that it has no data; expected "
                + "'metricSourceRef' (the name of a DataSource) or 'type'"
        ),
        MistakeRow(
            "a source of a type that nothing reads",
            [
                (
                    "    total: {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total'}}}\n",
                    "    total: {metricSource: {type: datadog, spec: {query: x}}}\n"
                )
            ],
            "18:34: nothing here reads a source of type 'datadog', so that it has no data; "
                + "expected one of weir, prometheus"
        ),
        MistakeRow(
            "a query that is missing",
            [
                (
                    "    total: {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total'}}}\n",
                    "    total: {metricSource: {metricSourceRef: local-prom, spec: {promql: "
                        + "x}}}\n"
                )
            ],
            "18:63: a prometheus source is asked by its 'query', and there is none, so that it has "
                + "no data; expected 'query: <an expression of PromQL>'"
        ),
        MistakeRow(
            "a list of no objectives",
            [
                (
                    "objectives: [{displayName: Good, target: 0.999}]",
                    "objectives: []"
                )
            ],
            "47:15: 'objectives' is an empty list, so that nothing is held to anything; "
                + "expected one"
        ),
        MistakeRow(
            "an operator on a ratio",
            [
                (
                    "objectives: [{displayName: Good, target: 0.999}]",
                    "objectives: [{target: 0.999, op: gt, value: 1}]"
                )
            ],
            "47:36: 'op' belongs to a threshold metric, and this indicator is a ratio; "
                + "expected no 'op' here",
            "47:47: 'value' belongs to a threshold metric, and this indicator is a ratio; "
                + "expected no 'value' here"
        ),
        MistakeRow(
            "a threshold metric with two objectives",
            [
                (
                    "  ratioMetric:\n    counter: true\n    good:  {metricSource: "
                        + "{metricSourceRef: local-prom, type: Prometheus, spec: {query: "
                        + "'orders_total{result=\"ok\"}'}}}\n    total: {metricSource: "
                        + "{metricSourceRef: local-prom, type: Prometheus, spec: {query: "
                        + "'orders_total'}}}\n",
                    "  thresholdMetric: {metricSource: {metricSourceRef: local-prom, spec: "
                        + "{query: x}}}\n"
                ),
                (
                    "objectives: [{displayName: Good, target: 0.999}]",
                    "objectives: [{target: 0.9, op: lt, value: 5}, {target: 0.99, op: lt, "
                        + "value: 9}]"
                ),
            ],
            "44:49: OpenSLO has one objective on a threshold metric, and this is the second; other "
                + "tools may refuse it"
        ),
    ]
}
