extension OpenSLO {
    /// The spec of an SLO.
    package struct ObjectiveSpec: Sendable {
        package var description: String?
        package var service: Located<String>?
        /// Absent where each part has its own: a composite.
        package var indicator: Use<IndicatorSpec>?
        package var timeWindow: Located<TimeWindow>?
        package var budgetingMethod: Located<MethodName>?
        package var parts: [Part] = []
        package var alertPolicies: [Use<AlertPolicySpec>] = []
    }

    /// How a budget is counted.
    package enum MethodName: String, CaseIterable, Sendable {
        case occurrences = "Occurrences"
        case timeslices = "Timeslices"
        case ratioTimeslices = "RatioTimeslices"
    }

    /// One entry of `objectives`.
    package struct Part: Sendable {
        package var displayName: String?
        /// From 0 to below 1, whether it was written as a ratio or in percent.
        package var target: Located<ExactDecimal>?
        /// `op`: how a value relates to the limit where it is good.
        package var comparison: Located<ThresholdComparison>?
        /// `value`: the limit.
        package var limit: Located<ExactDecimal>?
        /// Above 0, at most 1: the share of good events that makes a slice good.
        package var timeSliceTarget: Located<ExactDecimal>?
        package var timeSliceWindow: Located<CalendarPeriod>?
        /// In a composite: what this part measures.
        package var indicator: Use<IndicatorSpec>?
        /// Above 0.
        package var compositeWeight: Located<ExactDecimal>?
        /// The keys that stand there, readable or not.
        package var keys: Set<String> = []
        package var site: Site
    }
}
