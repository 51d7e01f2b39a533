import Foundation
import SLO
import Testing

/// What is allowed and hardly meant, told while documents are read.
@Suite struct OpenSLODoubtTests {
    @Test func `slices mean nothing where events are counted`() {
        let text = minimalSet.replacing(
            "target: 0.999",
            with: "target: 0.999, timeSliceTarget: 1, timeSliceWindow: 1m"
        )
        #expect(complaints(about: text) == [])
        #expect(
            doubts(about: text) == [
                "47:68: 'timeSliceTarget' means nothing with Occurrences",
                "47:88: 'timeSliceWindow' means nothing with Occurrences",
            ]
        )
    }

    @Test func `a target of slices means nothing where ratios are averaged`() {
        let text = minimalSet.replacing("Occurrences", with: "RatioTimeslices").replacing(
            "target: 0.999",
            with: "target: 0.999, timeSliceTarget: 1, timeSliceWindow: 1m"
        )
        #expect(complaints(about: text) == [])
        #expect(
            doubts(about: text) == ["47:68: 'timeSliceTarget' means nothing with RatioTimeslices"]
        )
    }

    @Test func `a weight means nothing outside a composite`() {
        let text = minimalSet.replacing("target: 0.999", with: "target: 0.9, compositeWeight: 2")
        #expect(
            doubts(about: text) == [
                "47:66: 'compositeWeight' counts only where every objective has an indicator of "
                    + "its own; this SLO is no composite"
            ]
        )
    }

    @Test func `a wait for data means nothing to a policy that does not ask for them`() {
        let text = minimalSet.replacing(
            "metadata: {name: checkout-page}",
            with: "metadata: {name: checkout-page, annotations: {weir.dev/no-data-after: 10m}}"
        )
        #expect(
            doubts(about: text) == [
                "32:71: 'weir.dev/no-data-after' means nothing without 'alertWhenNoData: true'"
            ]
        )
    }

    @Test func `documents that nothing refers to are named`() {
        let slo = minimalSet.components(separatedBy: "---\n").dropLast()
        #expect(
            doubts(about: slo.joined(separator: "---\n")) == [
                "13:18: no SLO uses the SLI 'checkout-ok-ratio'",
                "32:18: no SLO uses the AlertPolicy 'checkout-page'",
            ]
        )
        let policy = minimalSet.components(separatedBy: "---\n").dropLast(2)
        #expect(
            doubts(about: policy.joined(separator: "---\n")) == [
                "13:18: no SLO uses the SLI 'checkout-ok-ratio'",
                "22:18: no AlertPolicy uses the AlertCondition 'fast-burn-1h'",
                "27:18: no AlertPolicy uses the AlertNotificationTarget 'oncall-webhook'",
            ]
        )
    }

    @Test func `documents that nothing refers to are held to the rules all the same`() {
        let text = """
            apiVersion: openslo/v1
            kind: AlertPolicy
            metadata: {name: p}
            spec:
              alertWhenBreaching: true
              conditions: [{conditionRef: c}]
              notificationTargets: [{targetRef: t}]
            ---
            apiVersion: openslo/v1
            kind: SLI
            metadata: {name: i}
            spec: {thresholdMetric: {metricSource: {metricSourceRef: d, spec: {query: x}}}}
            """
        #expect(
            complaints(about: text) == [
                "6:31: there is no AlertCondition 'c'; none is declared",
                "7:37: there is no AlertNotificationTarget 't'; none is declared",
            ]
        )
    }
}
