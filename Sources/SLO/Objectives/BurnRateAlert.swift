/// An alert on the speed at which the error budget is spent.
///
/// Fires while the burn rate over the long window and that over the short one both exceed the
/// factor (SRE Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts").
package struct BurnRateAlert: Hashable, Sendable {
    package var longWindow: Duration
    /// Ends the alert soon after the cause has ended; nil if only one window is asked.
    package var shortWindow: Duration?
    /// The burn rate to compare with; 1 spends the whole budget in exactly the period.
    package var factor: ExactDecimal
    /// How a burn rate is compared with the factor: strictly greater, unless a document says
    /// otherwise.
    package var comparison: ThresholdComparison
    /// How long the comparison has to hold before the alert fires (OpenSLO `alertAfter`).
    package var alertAfter: Duration
    /// For inhibition: a firing tier hides the slower ones.
    ///
    /// Nil outside the four pairs.
    package var tier: AlertTier?
    /// Free text, such as `page` or `ticket`.
    package var severity: String
    /// Below this many events in the long window the alert does not fire.
    package var minimumEvents: Int64

    package init(
        longWindow: Duration,
        shortWindow: Duration? = nil,
        factor: ExactDecimal,
        comparison: ThresholdComparison = .greaterThan,
        alertAfter: Duration = .zero,
        tier: AlertTier? = nil,
        severity: String,
        minimumEvents: Int64 = 0
    ) {
        self.longWindow = longWindow
        self.shortWindow = shortWindow
        self.factor = factor
        self.comparison = comparison
        self.alertAfter = alertAfter
        self.tier = tier
        self.severity = severity
        self.minimumEvents = minimumEvents
    }
}

/// The four pairs of windows of the SRE Workbook, fastest first.
package enum AlertTier: String, Hashable, Sendable, CaseIterable, Comparable {
    case fast
    case medium
    case slow
    case long

    package static func < (left: AlertTier, right: AlertTier) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .fast: 0
        case .medium: 1
        case .slow: 2
        case .long: 3
        }
    }
}
