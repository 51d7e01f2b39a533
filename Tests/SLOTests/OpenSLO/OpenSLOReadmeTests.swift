import Documents
import SLO
import Testing

/// Examples that once stood in OpenSLO's own README and are wrong.
@Suite struct OpenSLOReadmeTests {
    @Test func `a policy in capitals is told with the name that would do`() {
        let text = """
            apiVersion: openslo/v1
            kind: AlertPolicy
            metadata:
              name: AlertPolicy
              displayName: Alert Policy
            spec:
              description: Alert policy for cpu usage breaches, notifies on-call devops via email
              alertWhenBreaching: true
              alertWhenResolved: false
              conditions:
                - conditionRef: cpu-usage-breach
              notificationTargets:
                - targetRef: OnCallDevopsMailNotification
            """
        #expect(
            complaints(about: text) == [
                "4:9: 'name' is 'AlertPolicy'; expected a name of lower-case letters, digits and "
                    + "'-' that begins and ends with a letter or digit, at most 63 characters "
                    + "long, such as alert-policy",
                "11:21: there is no AlertCondition 'cpu-usage-breach'; none is declared",
                "13:18: 'targetRef' is 'OnCallDevopsMailNotification'; expected a name of "
                    + "lower-case letters, digits and '-' that begins and ends with a letter or "
                    + "digit, at most 63 characters long, such as on-call-devops-mail-notification",
            ]
        )
    }

    @Test func `an SLO without a window and a method is told of both`() {
        let text = """
            apiVersion: openslo/v1
            kind: SLO
            metadata:
              name: foo-slo
              displayName: Foo SLO
            spec:
              service: foo
              indicator:
                metadata:
                  name: foo-error
                  displayName: Foo Error
                spec:
                  ratioMetric:
                    counter: true
                    good: {metricSource: {type: prometheus, spec: {query: good}}}
                    total: {metricSource: {type: prometheus, spec: {query: total}}}
              objectives:
                - displayName: Foo Availability
                  target: 0.98
            """
        #expect(
            complaints(about: text) == [
                "7:3: an SLO's spec needs the key 'budgetingMethod'",
                "7:3: an SLO's spec needs the key 'timeWindow'",
            ]
        )
    }

    @Test func `an operator on a ratio is a mistake in place, and doubted by reference`() {
        let text = minimalSet.replacing("target: 0.999", with: "op: gt, target: 0.999")
        let complaint =
            "47:40: 'op' belongs to a threshold metric, and this indicator is a ratio; expected "
            + "no 'op' here"
        #expect(complaints(about: text) == [])
        #expect(doubts(about: text) == [complaint])
        let metric = "{metricSource: {metricSourceRef: local-prom, spec: {query: x}}}"
        let inline =
            "indicator: {metadata: {name: x}, spec: {ratioMetric: {good: \(metric), "
            + "total: \(metric)}}}"
        let inPlace = text.replacing("indicatorRef: checkout-ok-ratio", with: inline)
        #expect(complaints(about: inPlace) == [complaint])
    }

    @Test func `an unresolved DataSource hides no missing operator`() {
        let text = minimalSet.replacing(
            "indicatorRef: checkout-ok-ratio",
            with: "indicator: {metadata: {name: x}, spec: {thresholdMetric: {metricSource: "
                + "{metricSourceRef: elsewhere, spec: {query: x}}}}}"
        )
        #expect(
            complaints(about: text).map { $0.drop { $0 != " " } } == [
                " there is no DataSource 'elsewhere'; expected local-prom",
                " an objective on a threshold metric needs the key 'op', to tell which values are "
                    + "good",
                " an objective on a threshold metric needs the key 'value', to tell which values "
                    + "are good",
            ]
        )
    }

    @Test func `a page on a low burn rate is doubted`() {
        let text = minimalSet.replacing("op: gt, threshold: 14.4", with: "op: lte, threshold: 2")
        #expect(complaints(about: text) == [])
        #expect(
            ObjectiveLint.warnings(for: reading(text).set).map(\.description) == [
                "f:23:72: the alert fires while the burn rate is low, <= 2; expected op gt or gte"
            ]
        )
    }

    @Test func `a window of a minute that was meant as a month is doubted`() {
        let text = minimalSet.replacing("duration: 30d", with: "duration: 1m")
            .replacing("lookbackWindow: 1h", with: "lookbackWindow: 1m")
        #expect(complaints(about: text) == [])
        #expect(
            ObjectiveLint.warnings(for: reading(text).set).map(\.description) == [
                "f:45:27: the window is 1m, shorter than an hour; a month is written 1M, and 1m "
                    + "is a minute"
            ]
        )
    }

    @Test func `a target of 100 less 1 is no number`() {
        let text = minimalSet.replacing("target: 0.999", with: "target: (100 - 1)")
        #expect(
            complaints(about: text) == [
                "47:44: 'target' is '(100 - 1)'; expected a number from 0 to below 1, such as "
                    + "0.999; at 1 there is no budget to spend"
            ]
        )
    }
}
