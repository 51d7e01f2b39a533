/// The names that the rules give, and those of the scrape that they read.
///
/// The `slo:*` names and the identity labels are Sloth's, so that its dashboards work. What
/// Sloth has no name for is named alike.
enum RuleNames {
    /// The scrape's counter of what a budget counts: events, or time slices by their bad share.
    static let events = "slo_events_total"
    /// The scrape's counter of events, where a budget counts slices.
    static let measuredEvents = "slo_measured_events_total"
    /// The scrape's counter of the seconds in which something reported.
    static let observedSeconds = "slo_observed_seconds_total"
    /// The scrape's counter of the seconds under maintenance.
    static let excludedSeconds = "slo_excluded_seconds_total"
    /// The scrape's gauges of what the engine makes of a window, for composites.
    static let sli = "slo_sli_ratio"
    static let burnRate = "slo_burn_rate"
    /// The scrape's gauge of the budget that is left, for calendar windows.
    static let remaining = "slo_error_budget_remaining_ratio"

    /// Good and bad events within a window.
    static func increase(_ window: String) -> String { "slo:events:increase\(window)" }
    /// The bad share of what was observed within a window.
    static func errorRatio(_ window: String) -> String { "slo:sli_error:ratio_rate\(window)" }
    /// The observed share of a window, without what was under maintenance.
    static func observed(_ window: String) -> String { "slo:sli_observed:ratio\(window)" }
    /// The bad share of the whole window, where what was not observed is not bad.
    static func spent(_ window: String) -> String { "slo:sli_spent:ratio\(window)" }

    /// The windows in which Sloth's dashboards draw the error ratio.
    static let dashboardWindows: [Duration] = [
        .seconds(300), .seconds(1800), .seconds(3600), .seconds(7200), .seconds(21_600),
        .seconds(86_400), .seconds(3 * 86_400),
    ]
}
