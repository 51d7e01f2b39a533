extension OpenSLO {
    /// The spec of an AlertPolicy.
    package struct AlertPolicySpec: Sendable {
        package var description: String?
        package var alertWhenNoData = false
        package var alertWhenResolved = false
        package var alertWhenBreaching = false
        /// The version has room for one.
        package var condition: Use<AlertConditionSpec>?
        package var notificationTargets: [Use<AlertNotificationTargetSpec>] = []
    }

    /// The spec of an AlertCondition: a burn rate over a window.
    package struct AlertConditionSpec: Sendable {
        package var description: String?
        package var severity: Located<String>?
        package var comparison: Located<ThresholdComparison>?
        package var threshold: Located<ExactDecimal>?
        package var lookbackWindow: Located<CalendarPeriod>?
        /// How long the condition has to hold; absent for at once.
        package var alertAfter: Located<CalendarPeriod>?
    }

    /// The spec of an AlertNotificationTarget.
    package struct AlertNotificationTargetSpec: Sendable {
        package var description: String?
        package var target: Located<String>?
    }
}
