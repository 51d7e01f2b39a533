internal import Documents
internal import Foundation
package import OpenSLO
internal import Testing

/// What came of reading one file of this text.
package func reading(_ text: String) -> OpenSLO.Reading {
    OpenSLO.read([OpenSLO.SourceText(file: "f", text: text)])
}

/// What is wrong with `text`, with the file's name left out.
package func complaints(about text: String) -> [String] {
    reading(text).mistakes.map { String($0.description.dropFirst(2)) }
}

/// What is doubtful about `text` before it is linted, with the file's name left out.
package func doubts(about text: String) -> [String] {
    reading(text).warnings.map { String($0.description.dropFirst(2)) }
}

/// A file or folder of the repository.
package func repositoryFile(_ path: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: path).path
}

/// The smallest set of documents in which every kind stands and refers to another.
package let minimalSet = #"""
    apiVersion: openslo/v1
    kind: Service
    metadata: {name: checkout}
    spec: {description: Checkout API}
    ---
    apiVersion: openslo/v1
    kind: DataSource
    metadata: {name: local-prom}
    spec: {type: Prometheus, connectionDetails: {url: "http://127.0.0.1:9090"}}
    ---
    apiVersion: openslo/v1
    kind: SLI
    metadata: {name: checkout-ok-ratio}
    spec:
      ratioMetric:
        counter: true
        good:  {metricSource: {metricSourceRef: local-prom, type: Prometheus, \#
    spec: {query: 'orders_total{result="ok"}'}}}
        total: {metricSource: {metricSourceRef: local-prom, type: Prometheus, \#
    spec: {query: 'orders_total'}}}
    ---
    apiVersion: openslo/v1
    kind: AlertCondition
    metadata: {name: fast-burn-1h}
    spec: {severity: page, condition: {kind: burnrate, op: gt, threshold: 14.4, \#
    lookbackWindow: 1h, alertAfter: 5m}}
    ---
    apiVersion: openslo/v1
    kind: AlertNotificationTarget
    metadata: {name: oncall-webhook}
    spec: {target: webhook}
    ---
    apiVersion: openslo/v1
    kind: AlertPolicy
    metadata: {name: checkout-page}
    spec:
      alertWhenBreaching: true
      alertWhenResolved: true
      conditions: [{conditionRef: fast-burn-1h}]
      notificationTargets: [{targetRef: oncall-webhook}]
    ---
    apiVersion: openslo/v1
    kind: SLO
    metadata: {name: checkout-availability}
    spec:
      service: checkout
      indicatorRef: checkout-ok-ratio
      timeWindow: [{duration: 30d, isRolling: true}]
      budgetingMethod: Occurrences
      objectives: [{displayName: Good, target: 0.999}]
      alertPolicies: [{alertPolicyRef: checkout-page}]

    """#

extension String {
    /// The text with the first `old` replaced; a test fails where there is none.
    package func replacing(_ old: String, with new: String) -> String {
        guard let range = range(of: old) else {
            Issue.record("there is no '\(old)' to replace")
            return self
        }
        return replacingCharacters(in: range, with: new)
    }
}
