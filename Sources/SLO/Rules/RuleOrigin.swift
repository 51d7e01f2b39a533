/// What the rules read.
package enum RuleOrigin: String, CaseIterable, Sendable {
    /// What a run with `--serve` tells of its objectives.
    case scrape
    /// What the objectives themselves ask a Prometheus, which needs no run of this program.
    case queries
}

/// How the pairs of the SRE Workbook, which are made for 30 days, suit another period.
package enum BurnRateScaling: String, CaseIterable, Sendable {
    /// The windows are scaled by period/30d, and the factors stay.
    case windows
    /// The windows stay, and the factors are scaled by period/30d.
    case factors
}
