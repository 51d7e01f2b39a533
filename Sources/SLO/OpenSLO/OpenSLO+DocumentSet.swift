extension OpenSLO {
    /// The documents of some files, kind by kind, in the order in which they stand there.
    package struct DocumentSet: Sendable {
        package var services: [Object<ServiceSpec>] = []
        package var dataSources: [Object<DataSourceSpec>] = []
        package var indicators: [Object<IndicatorSpec>] = []
        package var objectives: [Object<ObjectiveSpec>] = []
        package var alertPolicies: [Object<AlertPolicySpec>] = []
        package var alertConditions: [Object<AlertConditionSpec>] = []
        package var alertNotificationTargets: [Object<AlertNotificationTargetSpec>] = []

        package init() {}
    }
}
