import Testing

/// Mistakes of an SLO.
@Suite struct OpenSLOObjectiveTests {
    @Test(arguments: Self.rows)
    func `a mistake of an SLO is told with its place`(row: MistakeRow) {
        #expect(complaints(about: row.text) == row.complaints)
    }

    private static let rows = [
        MistakeRow(
            "no service",
            [
                (
                    "  service: checkout\n",
                    ""
                )
            ],
            "43:3: an SLO's spec needs the key 'service'"
        ),
        MistakeRow(
            "no indicator",
            [
                (
                    "  indicatorRef: checkout-ok-ratio\n",
                    ""
                )
            ],
            "43:3: an SLO needs an indicator ('indicator' or 'indicatorRef'), on its spec "
                + "or on every objective of a composite"
        ),
        MistakeRow(
            "an indicator and a reference to one",
            [
                (
                    "  indicatorRef: checkout-ok-ratio\n",
                    "  indicatorRef: checkout-ok-ratio\n  indicator: {metadata: {name: x}, "
                        + "spec: {thresholdMetric: {metricSource: {type: weir, spec: {meter: "
                        + "x}}}}}\n"
                )
            ],
            "44:17: 'indicator' and 'indicatorRef' exclude each other; expected one of them"
        ),
        MistakeRow(
            "an indicator on the spec and on an objective",
            [
                (
                    "objectives: [{displayName: Good, target: 0.999}]",
                    "objectives: [{target: 0.999, indicatorRef: checkout-ok-ratio}]"
                )
            ],
            "44:17: the indicator stands on the spec and on an objective; expected it on "
                + "the spec, or on every objective of a composite"
        ),
        MistakeRow(
            "a composite with one indicator missing",
            [
                (
                    "  indicatorRef: checkout-ok-ratio\n",
                    ""
                ),
                (
                    "objectives: [{displayName: Good, target: 0.999}]",
                    "objectives: [{target: 0.9, indicatorRef: checkout-ok-ratio}, {target: "
                        + "0.9}]"
                ),
            ],
            "46:64: this objective of a composite has no indicator; expected 'indicator' or "
                + "'indicatorRef' on every one"
        ),
        MistakeRow(
            "an inline indicator without metadata",
            [
                (
                    "  indicatorRef: checkout-ok-ratio\n",
                    "  indicator: {spec: {thresholdMetric: {metricSource: {type: weir, "
                        + "spec: {meter: x}}}}}\n"
                )
            ],
            "44:14: an inline indicator needs the key 'metadata'",
            "47:16: an objective on a threshold metric needs the key 'op', to tell which "
                + "values are good",
            "47:16: an objective on a threshold metric needs the key 'value', to tell which "
                + "values are good"
        ),
        MistakeRow(
            "an inline indicator with a kind",
            [
                (
                    "  indicatorRef: checkout-ok-ratio\n",
                    "  indicator: {kind: SLI, metadata: {name: x}, spec: {ratioMetric: "
                        + "{}}}\n"
                )
            ],
            "44:15: unknown key 'kind' in an inline indicator; expected one of metadata, "
                + "spec",
            "44:67: a ratio metric needs one of 'total' and 'raw'"
        ),
        MistakeRow(
            "no budgeting method",
            [
                (
                    "  budgetingMethod: Occurrences\n",
                    ""
                )
            ],
            "43:3: an SLO's spec needs the key 'budgetingMethod'"
        ),
        MistakeRow(
            "a misspelt budgeting method",
            [
                (
                    "budgetingMethod: Occurrences",
                    "budgetingMethod: Occurences"
                )
            ],
            "46:20: 'budgetingMethod' is 'Occurences'; did you mean 'Occurrences'?"
        ),
        MistakeRow(
            "a budgeting method in small letters",
            [
                (
                    "budgetingMethod: Occurrences",
                    "budgetingMethod: timeslices"
                )
            ],
            "46:20: 'budgetingMethod' is 'timeslices'; did you mean 'Timeslices'?"
        ),
        MistakeRow(
            "no objectives",
            [
                (
                    "  objectives: [{displayName: Good, target: 0.999}]\n",
                    ""
                )
            ],
            "43:3: an SLO's spec needs the key 'objectives'"
        ),
        MistakeRow(
            "a threshold metric without an operator and a value",
            [
                (
                    "  ratioMetric:\n    counter: true\n    good:  {metricSource: "
                        + "{metricSourceRef: local-prom, type: Prometheus, spec: {query: "
                        + "'orders_total{result=\"ok\"}'}}}\n    total: {metricSource: "
                        + "{metricSourceRef: local-prom, type: Prometheus, spec: {query: "
                        + "'orders_total'}}}\n",
                    "  thresholdMetric: {metricSource: {metricSourceRef: local-prom, spec: "
                        + "{query: x}}}\n"
                )
            ],
            "44:16: an objective on a threshold metric needs the key 'op', to tell which "
                + "values are good",
            "44:16: an objective on a threshold metric needs the key 'value', to tell which "
                + "values are good"
        ),
        MistakeRow(
            "a threshold metric without a value",
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
                    "objectives: [{target: 0.999, op: lt}]"
                ),
            ],
            "44:16: an objective on a threshold metric needs the key 'value', to tell which "
                + "values are good"
        ),
        MistakeRow(
            "a threshold metric with an operator that is unknown",
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
                    "objectives: [{target: 0.999, op: '<', value: 5}]"
                ),
            ],
            "44:36: 'op' is '<'; expected one of lte, gte, lt, gt"
        ),
        MistakeRow(
            "a threshold metric with a value that is no number",
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
                    "objectives: [{target: 0.999, op: lt, value: 5s}]"
                ),
            ],
            "44:47: 'value' is '5s'; expected a number"
        ),
        MistakeRow(
            "a weight of 0",
            [
                (
                    "  indicatorRef: checkout-ok-ratio\n",
                    ""
                ),
                (
                    "objectives: [{displayName: Good, target: 0.999}]",
                    "objectives: [{target: 0.9, indicatorRef: checkout-ok-ratio, "
                        + "compositeWeight: 0}]"
                ),
            ],
            "46:80: 'compositeWeight' is 0; expected a number above 0, at most 1000000000000"
        ),
        MistakeRow(
            "a key of an objective that is unknown",
            [
                (
                    "objectives: [{displayName: Good, target: 0.999}]",
                    "objectives: [{target: 0.9, timeSliceTaget: 1}]"
                )
            ],
            "47:30: unknown key 'timeSliceTaget' in an objective; did you mean "
                + "'timeSliceTarget'?"
        ),
        MistakeRow(
            "two parts with one name",
            [
                (
                    "objectives: [{displayName: Good, target: 0.999}]",
                    "objectives: [{displayName: Good, target: 0.9}, {displayName: good!, "
                        + "target: 0.99}]"
                )
            ],
            "47:79: the objective 'checkout-availability-good' is there a second time, "
                + "after f:47:44; expected another name or displayName"
        ),
        MistakeRow(
            "a policy that is a name alone",
            [
                (
                    "alertPolicies: [{alertPolicyRef: checkout-page}]",
                    "alertPolicies: [checkout-page]"
                )
            ],
            "48:19: item 1 of 'alertPolicies' is 'checkout-page'; expected a mapping with "
                + "alertPolicyRef, kind, metadata, spec"
        ),
        MistakeRow(
            "a policy that is empty",
            [
                (
                    "alertPolicies: [{alertPolicyRef: checkout-page}]",
                    "alertPolicies: [{}]"
                )
            ],
            "48:19: an AlertPolicy is expected here, in place (kind, metadata, spec) or as "
                + "a reference ('alertPolicyRef')"
        ),
        MistakeRow(
            "a policy in place and by reference",
            [
                (
                    "alertPolicies: [{alertPolicyRef: checkout-page}]",
                    "alertPolicies: [{alertPolicyRef: checkout-page, spec: {}}]"
                )
            ],
            "48:57: 'spec' stands beside 'alertPolicyRef'; expected either a reference or "
                + "an AlertPolicy in place"
        ),
        MistakeRow(
            "a policy in place that lacks its kind",
            [
                (
                    "alertPolicies: [{alertPolicyRef: checkout-page}]",
                    "alertPolicies: [{metadata: {name: p}, spec: {conditions: "
                        + "[{conditionRef: fast-burn-1h}], notificationTargets: [{targetRef: "
                        + "oncall-webhook}]}}]"
                )
            ],
            "48:19: an AlertPolicy in place needs the key 'kind'"
        ),
        MistakeRow(
            "a policy in place of another kind",
            [
                (
                    "alertPolicies: [{alertPolicyRef: checkout-page}]",
                    "alertPolicies: [{kind: AlertCondition, metadata: {name: p}, spec: "
                        + "{conditions: [{conditionRef: fast-burn-1h}], notificationTargets: "
                        + "[{targetRef: oncall-webhook}]}}]"
                )
            ],
            "48:26: 'kind' is 'AlertCondition'; expected AlertPolicy"
        ),
    ]
}
