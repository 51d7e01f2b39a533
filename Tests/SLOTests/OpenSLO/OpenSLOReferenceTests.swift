import Testing

/// Names that refer to nothing, or to two things.
@Suite struct OpenSLOReferenceTests {
    @Test(arguments: Self.rows)
    func `a reference that leads nowhere is told with its place`(row: MistakeRow) {
        #expect(complaints(about: row.text) == row.complaints)
    }

    private static let rows = [
        MistakeRow(
            "a service that is not there",
            [
                (
                    "service: checkout\n",
                    "service: chekout\n"
                )
            ],
            "43:12: there is no Service 'chekout'; did you mean 'checkout'?"
        ),
        MistakeRow(
            "an indicator that is not there",
            [
                (
                    "indicatorRef: checkout-ok-ratio",
                    "indicatorRef: checkout-ratio"
                )
            ],
            "44:17: there is no SLI 'checkout-ratio'; expected checkout-ok-ratio"
        ),
        MistakeRow(
            "a data source that is not there",
            [
                (
                    "good:  {metricSource: {metricSourceRef: local-prom",
                    "good:  {metricSource: {metricSourceRef: local-prm"
                )
            ],
            "17:45: there is no DataSource 'local-prm'; did you mean 'local-prom'?"
        ),
        MistakeRow(
            "a policy that is not there",
            [
                (
                    "alertPolicyRef: checkout-page",
                    "alertPolicyRef: page"
                )
            ],
            "48:36: there is no AlertPolicy 'page'; expected checkout-page"
        ),
        MistakeRow(
            "a condition that is not there",
            [
                (
                    "conditionRef: fast-burn-1h",
                    "conditionRef: fast-burn"
                )
            ],
            "36:31: there is no AlertCondition 'fast-burn'; expected fast-burn-1h"
        ),
        MistakeRow(
            "a target that is not there",
            [
                (
                    "targetRef: oncall-webhook",
                    "targetRef: oncall"
                )
            ],
            "37:37: there is no AlertNotificationTarget 'oncall'; expected oncall-webhook"
        ),
        MistakeRow(
            "two services of one name",
            [
                (
                    "---\napiVersion: openslo/v1\nkind: DataSource",
                    "---\napiVersion: openslo/v1\nkind: Service\nmetadata: {name: "
                        + "checkout}\nspec: {}\n---\napiVersion: openslo/v1\nkind: DataSource"
                )
            ],
            "8:18: the Service 'checkout' is declared a second time, after f:3:18; expected "
                + "another name"
        ),
    ]
}
