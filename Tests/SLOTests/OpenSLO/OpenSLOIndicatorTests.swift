import Testing

/// Mistakes of an SLI.
@Suite struct OpenSLOIndicatorTests {
    @Test(arguments: Self.rows)
    func `a mistake of an SLI is told with its place`(row: MistakeRow) {
        #expect(complaints(about: row.text) == row.complaints)
    }

    private static let rows = [
        MistakeRow(
            "no metric",
            [
                (
                    "  ratioMetric:\n    counter: true\n    good:  {metricSource: "
                        + "{metricSourceRef: local-prom, type: Prometheus, spec: {query: "
                        + "'orders_total{result=\"ok\"}'}}}\n    total: {metricSource: "
                        + "{metricSourceRef: local-prom, type: Prometheus, spec: {query: "
                        + "'orders_total'}}}\n",
                    "  description: nothing\n"
                )
            ],
            "15:3: an SLI needs one of 'thresholdMetric' and 'ratioMetric'"
        ),
        MistakeRow(
            "both metrics",
            [
                (
                    "  ratioMetric:\n",
                    "  thresholdMetric: {metricSource: {type: weir, spec: {meter: x}}}\n  "
                        + "ratioMetric:\n"
                )
            ],
            "17:5: 'thresholdMetric' and 'ratioMetric' exclude each other; expected one of "
                + "them"
        ),
        MistakeRow(
            "a counter that is a word",
            [
                (
                    "counter: true",
                    "counter: yes"
                )
            ],
            "16:14: 'counter' is 'yes'; expected true or false"
        ),
        MistakeRow(
            "no total",
            [
                (
                    "    total: {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total'}}}\n",
                    ""
                )
            ],
            "16:5: a ratio metric needs one of 'total' and 'raw'"
        ),
        MistakeRow(
            "neither good nor bad",
            [
                (
                    "    good:  {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total{result=\"ok\"}'}}}\n",
                    ""
                )
            ],
            "16:5: a ratio metric with 'total' needs one of 'good' and 'bad'"
        ),
        MistakeRow(
            "total and raw",
            [
                (
                    "    counter: true\n",
                    "    raw: {metricSource: {type: weir, spec: {meter: x}}}\n    rawType: "
                        + "success\n"
                )
            ],
            "16:10: 'total' and 'raw' exclude each other; expected one of them"
        ),
        MistakeRow(
            "raw and good",
            [
                (
                    "    total: {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total'}}}\n",
                    "    raw: {metricSource: {type: weir, spec: {meter: x}}}\n    rawType: "
                        + "success\n"
                )
            ],
            "17:12: 'good' and 'raw' exclude each other; expected one of them"
        ),
        MistakeRow(
            "raw without its type",
            [
                (
                    "    good:  {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total{result=\"ok\"}'}}}\n    "
                        + "total: {metricSource: {metricSourceRef: local-prom, type: Prometheus, "
                        + "spec: {query: 'orders_total'}}}\n",
                    "    raw: {metricSource: {type: weir, spec: {meter: x}}}\n"
                )
            ],
            "16:5: a ratio metric with 'raw' needs the key 'rawType'; expected success or "
                + "failure"
        ),
        MistakeRow(
            "a raw type that is unknown",
            [
                (
                    "    good:  {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total{result=\"ok\"}'}}}\n    "
                        + "total: {metricSource: {metricSourceRef: local-prom, type: Prometheus, "
                        + "spec: {query: 'orders_total'}}}\n",
                    "    raw: {metricSource: {type: weir, spec: {meter: x}}}\n    rawType: "
                        + "succes\n"
                )
            ],
            "18:14: 'rawType' is 'succes'; did you mean 'success'?"
        ),
        MistakeRow(
            "a metric without a source",
            [
                (
                    "    total: {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total'}}}\n",
                    "    total: {}\n"
                )
            ],
            "18:12: a metric needs the key 'metricSource'"
        ),
        MistakeRow(
            "a misspelt source",
            [
                (
                    "    total: {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total'}}}\n",
                    "    total: {metricsource: {type: weir, spec: {meter: x}}}\n"
                )
            ],
            "18:13: unknown key 'metricsource' in a metric; did you mean 'metricSource'?"
        ),
        MistakeRow(
            "a source without a spec",
            [
                (
                    "    total: {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total'}}}\n",
                    "    total: {metricSource: {metricSourceRef: local-prom}}\n"
                )
            ],
            "18:27: a metric source needs the key 'spec'"
        ),
        MistakeRow(
            "a source with an empty spec",
            [
                (
                    "    total: {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total'}}}\n",
                    "    total: {metricSource: {metricSourceRef: local-prom, spec: {}}}\n"
                )
            ],
            "18:63: 'spec' is empty; expected at least one key, which says what to ask for"
        ),
        MistakeRow(
            "a source with a spec that is a text",
            [
                (
                    "    total: {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total'}}}\n",
                    "    total: {metricSource: {metricSourceRef: local-prom, spec: up}}\n"
                )
            ],
            "18:63: 'spec' is 'up'; expected a mapping with what to ask for"
        ),
        MistakeRow(
            "a source of a type that is not its data source's",
            [
                (
                    "    total: {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total'}}}\n",
                    "    total: {metricSource: {metricSourceRef: local-prom, type: weir, "
                        + "spec: {meter: x}}}\n"
                )
            ],
            "18:63: the type is 'weir', that of the DataSource 'local-prom' is 'Prometheus' "
                + "(f:9:14); expected the same, or none here"
        ),
        MistakeRow(
            "a reference that is no name",
            [
                (
                    "    total: {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total'}}}\n",
                    "    total: {metricSource: {metricSourceRef: Local Prom, spec: {query: "
                        + "x}}}\n"
                )
            ],
            "18:45: 'metricSourceRef' is 'Local Prom'; expected a name of lower-case "
                + "letters, digits and '-' that begins and ends with a letter or digit, at most "
                + "63 characters long, such as local-prom"
        ),
        MistakeRow(
            "a meter that is no name",
            [
                (
                    "    total: {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total'}}}\n",
                    "    total: {metricSource: {type: weir, spec: {meter: Orders Total}}}\n"
                )
            ],
            "18:54: 'meter' is 'Orders Total'; expected a meter's name of lower-case "
                + "letters, digits, '-' and '.'"
        ),
        MistakeRow(
            "a key that a weir source does not have",
            [
                (
                    "    total: {metricSource: {metricSourceRef: local-prom, type: "
                        + "Prometheus, spec: {query: 'orders_total'}}}\n",
                    "    total: {metricSource: {type: weir, spec: {meters: orders}}}\n"
                )
            ],
            "18:47: unknown key 'meters' in the spec of a weir source; did you mean 'meter'?"
        ),
    ]
}
