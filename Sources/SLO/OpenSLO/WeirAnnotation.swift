internal import Documents

/// The annotations in which documents say what OpenSLO v1 has no field for.
///
/// They are read as strictly as fields are: one under the prefix that is not in this table, or
/// that stands on a kind it does not belong to, is a mistake. Other tools pass them over.
///
/// - `weir.dev/owner` on a Service or an SLO: the team that answers for it. A Service's holds for
///   its SLOs too.
/// - `weir.dev/revision-note` on an SLO: what was last changed in it, and why.
/// - `weir.dev/minimum-events` on an SLO or an AlertCondition: a whole number. With fewer events in
///   the period nothing is said of the objective; with fewer in the lookback window the alert does
///   not fire.
/// - `weir.dev/maintenance` on an SLO: planned work, which is left out of the budget, in the form
///   of ``MaintenanceText``.
/// - `weir.dev/expected-events-per-hour` on an SLO: a number, the traffic that ``ObjectiveLint``
///   reckons with.
/// - `weir.dev/short-window` on an AlertCondition: a duration, over which the burn rate has to be
///   as high as over the lookback window.
/// - `weir.dev/tier` on an AlertCondition: `fast`, `medium`, `slow` or `long`. A firing tier hides
///   those behind it.
/// - `weir.dev/tiers` on an AlertPolicy: tiers with commas between. Their pairs of the SRE
///   Workbook, fitted to the SLO's period, are watched in place of the one condition, which other
///   tools read.
/// - `weir.dev/alert-when-exhausted` on an AlertPolicy: `"true"` to alert also while nothing is
///   left of the budget.
/// - `weir.dev/no-data-after` on an AlertPolicy: a duration, how long nothing must have been
///   measured for `alertWhenNoData`; the lookback window of its condition unless given.
enum WeirAnnotation: String, CaseIterable {
    case owner
    case revisionNote = "revision-note"
    case minimumEvents = "minimum-events"
    case maintenance
    case expectedEventsPerHour = "expected-events-per-hour"
    case shortWindow = "short-window"
    case tier
    case tiers
    case alertWhenExhausted = "alert-when-exhausted"
    case noDataAfter = "no-data-after"

    static let prefix = "weir.dev/"

    /// The whole key.
    var key: String { Self.prefix + rawValue }

    /// The kinds of document on which it means something.
    var kinds: [OpenSLO.Kind] {
        switch self {
        case .owner: [.service, .objective]
        case .minimumEvents: [.objective, .alertCondition]
        case .revisionNote, .maintenance, .expectedEventsPerHour: [.objective]
        case .shortWindow, .tier: [.alertCondition]
        case .tiers, .alertWhenExhausted, .noDataAfter: [.alertPolicy]
        }
    }
}

extension OpenSLO {
    /// What the annotations of ``WeirAnnotation`` say on one document.
    package struct Extensions: Sendable {
        package var owner: Located<String>?
        package var revisionNote: Located<String>?
        package var minimumEvents: Located<Int64>?
        package var maintenance: [MaintenanceWindow] = []
        package var expectedEventsPerHour: Located<ExactDecimal>?
        package var shortWindow: Located<CalendarPeriod>?
        package var tier: Located<AlertTier>?
        package var tiers: Located<[AlertTier]>?
        package var alertWhenExhausted: Located<Bool>?
        package var noDataAfter: Located<CalendarPeriod>?
    }
}
