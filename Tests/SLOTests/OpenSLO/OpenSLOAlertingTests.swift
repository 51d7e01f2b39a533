import Testing

/// Mistakes of policies, conditions and targets of alerts.
@Suite struct OpenSLOAlertingTests {
    @Test(arguments: Self.rows)
    func `a mistake of an alert is told with its place`(row: MistakeRow) {
        #expect(complaints(about: row.text) == row.complaints)
    }

    private static let rows = [
        MistakeRow(
            "no conditions",
            [
                (
                    "  conditions: [{conditionRef: fast-burn-1h}]\n",
                    ""
                )
            ],
            "34:3: an AlertPolicy's spec needs the key 'conditions'"
        ),
        MistakeRow(
            "a list of no conditions",
            [
                (
                    "conditions: [{conditionRef: fast-burn-1h}]",
                    "conditions: []"
                )
            ],
            "36:15: 'conditions' has 0 items; expected exactly one, and a policy more for "
                + "each further condition"
        ),
        MistakeRow(
            "two conditions",
            [
                (
                    "conditions: [{conditionRef: fast-burn-1h}]",
                    "conditions: [{conditionRef: fast-burn-1h}, {conditionRef: "
                        + "fast-burn-1h}]"
                )
            ],
            "36:15: 'conditions' has 2 items; expected exactly one, and a policy more for "
                + "each further condition"
        ),
        MistakeRow(
            "no targets",
            [
                (
                    "  notificationTargets: [{targetRef: oncall-webhook}]\n",
                    ""
                )
            ],
            "34:3: an AlertPolicy's spec needs the key 'notificationTargets'"
        ),
        MistakeRow(
            "a list of no targets",
            [
                (
                    "notificationTargets: [{targetRef: oncall-webhook}]",
                    "notificationTargets: []"
                )
            ],
            "37:24: 'notificationTargets' is an empty list; expected at least one target"
        ),
        MistakeRow(
            "a flag that is a word",
            [
                (
                    "alertWhenBreaching: true",
                    "alertWhenBreaching: on"
                )
            ],
            "34:23: 'alertWhenBreaching' is 'on'; expected true or false"
        ),
        MistakeRow(
            "no severity",
            [
                (
                    "severity: page, ",
                    ""
                )
            ],
            "23:7: an AlertCondition's spec needs the key 'severity'"
        ),
        MistakeRow(
            "no condition",
            [
                (
                    "condition: {kind: burnrate, op: gt, threshold: 14.4, lookbackWindow: "
                        + "1h, alertAfter: 5m}",
                    "description: none"
                )
            ],
            "23:7: an AlertCondition's spec needs the key 'condition'"
        ),
        MistakeRow(
            "a condition of another kind",
            [
                (
                    "kind: burnrate",
                    "kind: burn-rate"
                )
            ],
            "23:42: 'kind' is 'burn-rate'; expected burnrate"
        ),
        MistakeRow(
            "an operator that is unknown",
            [
                (
                    "op: gt,",
                    "op: ge,"
                )
            ],
            "23:56: 'op' is 'ge'; did you mean 'gte'?"
        ),
        MistakeRow(
            "no operator",
            [
                (
                    "op: gt, ",
                    ""
                )
            ],
            "23:35: a condition needs the key 'op'"
        ),
        MistakeRow(
            "a threshold that is negative",
            [
                (
                    "threshold: 14.4",
                    "threshold: -1"
                )
            ],
            "23:71: 'threshold' is -1; expected a burn rate, from 0 on"
        ),
        MistakeRow(
            "a threshold in quotes",
            [
                (
                    "threshold: 14.4",
                    "threshold: '14.4'"
                )
            ],
            "23:71: 'threshold' is '14.4'; expected a number without quotes"
        ),
        MistakeRow(
            "no look-back window",
            [
                (
                    "lookbackWindow: 1h, ",
                    ""
                )
            ],
            "23:35: a condition needs the key 'lookbackWindow'"
        ),
        MistakeRow(
            "a look-back window of nothing",
            [
                (
                    "lookbackWindow: 1h",
                    "lookbackWindow: 0h"
                )
            ],
            "23:93: 'lookbackWindow' is '0h'; expected a whole number from 1 on and one of "
                + "the units m (minutes), h, d, w, M (months), Q, Y"
        ),
        MistakeRow(
            "a wait in seconds",
            [
                (
                    "alertAfter: 5m",
                    "alertAfter: 30s"
                )
            ],
            "23:109: 'alertAfter' is '30s'; expected a whole number from 1 on and one of "
                + "the units m (minutes), h, d, w, M (months), Q, Y; there is nothing shorter "
                + "than 1m"
        ),
        MistakeRow(
            "a target without an address",
            [
                (
                    "spec: {target: webhook}",
                    "spec: {}"
                )
            ],
            "28:7: an AlertNotificationTarget's spec needs the key 'target'"
        ),
        MistakeRow(
            "a condition in place with a mistake",
            [
                (
                    "conditions: [{conditionRef: fast-burn-1h}]",
                    "conditions: [{kind: AlertCondition, metadata: {name: c}, spec: "
                        + "{severity: page, condition: {kind: burnrate, op: gt, threshold: x, "
                        + "lookbackWindow: 1h}}}]"
                )
            ],
            "36:130: 'threshold' is 'x'; expected a burn rate, from 0 on"
        ),
    ]
}
