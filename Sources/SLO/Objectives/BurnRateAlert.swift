internal import Timekeeping

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

    private var rank: Int { AlertTier.allCases.firstIndex(of: self) ?? 0 }
}

extension BurnRateAlert {
    /// The period for which the SRE Workbook gives its pairs.
    package static let workbookPeriod = Duration.seconds(30 * 86_400)

    private static let pairs: [(tier: AlertTier, long: Int, short: Int, factor: String)] = [
        (.fast, 3600, 300, "14.4"),
        (.medium, 21_600, 1800, "6"),
        (.slow, 86_400, 7200, "3"),
        (.long, 259_200, 21_600, "1"),
    ]

    /// The four pairs of the SRE Workbook (table 5-8 and the code below it) for a period.
    ///
    /// Fast and medium page, slow and long open tickets. At 30 days the pairs are the Workbook's
    /// own. For another period the factors stay and the windows are scaled in proportion, each
    /// rounded up to a multiple of `grid`: a pair spends the same share of the budget (2, 5, 10
    /// and 10 per cent) until it fires, and what is reachable for one period is so for all.
    package static func workbook(
        period: Duration,
        grid: Duration = .seconds(1),
        minimumEvents: Int64 = 0
    ) -> [BurnRateAlert] {
        precondition(period > .zero && grid > .zero, "a period and a grid take time")
        func scaled(_ seconds: Int) -> Duration {
            let exact = Int128(period.inNanoseconds) * Int128(seconds)
            let unit = Int128(grid.inNanoseconds) * 30 * 86_400
            let steps = max(1, (exact + unit - 1) / unit)
            return .nanoseconds(Int64(steps) * grid.inNanoseconds)
        }
        return pairs.compactMap { pair in
            guard let factor = ExactDecimal(pair.factor) else { return nil }
            return BurnRateAlert(
                longWindow: scaled(pair.long),
                shortWindow: scaled(pair.short),
                factor: factor,
                tier: pair.tier,
                severity: pair.tier <= .medium ? "page" : "ticket",
                minimumEvents: minimumEvents
            )
        }
    }

    /// Whether a total outage burns fast enough for the factor to be exceeded at this target.
    ///
    /// The largest burn rate there is is 1 / (1 - target): 10 for 90%. Asked of alerts that fire
    /// on high burn rates; a composite whose weights sum to more than 1 can burn faster.
    package func isReachable(target: ExactDecimal) -> Bool {
        let budget = target.complement
        // factor · budget < 1, and with `gte` it may be 1.
        let product = Int128(factor.digits) * Int128(budget.digits)
        let one = Int128(Int64.powerOfTen(factor.scale)) * Int128(Int64.powerOfTen(budget.scale))
        switch comparison {
        case .greaterThan: return product < one
        case .greaterThanOrEqual: return product <= one
        case .lessThan, .lessThanOrEqual: return true
        }
    }
}

extension Objective {
    /// With the pairs of the Workbook as they are for 30 days, and their factors scaled by
    /// period/30d in place of the windows; a pair that looks back further than the period is left
    /// out.
    ///
    /// Other alerts stay as their documents have them.
    package var withScaledFactors: Objective {
        let period = timeWindow.nominalLength
        let grid = budgeting.sliceWindow ?? .seconds(60)
        let scaled = BurnRateAlert.workbook(period: period, grid: grid)
        let plain = BurnRateAlert.workbook(period: BurnRateAlert.workbookPeriod, grid: grid)
        var objective = self
        for index in alertPolicies.indices {
            objective.alertPolicies[index].rules = alertPolicies[index].rules.compactMap { rule in
                guard case .burnRate(var alert) = rule,
                    let place = scaled.firstIndex(where: { alert.isPair($0) })
                else { return rule }
                alert.longWindow = plain[place].longWindow
                alert.shortWindow = plain[place].shortWindow
                alert.factor = alert.factor.scaled(by: period, over: BurnRateAlert.workbookPeriod)
                return alert.longWindow > period ? nil : .burnRate(alert)
            }
        }
        return objective
    }
}

extension BurnRateAlert {
    /// Whether it looks at the same windows for the same factor.
    fileprivate func isPair(_ other: BurnRateAlert) -> Bool {
        tier == other.tier && longWindow == other.longWindow && shortWindow == other.shortWindow
            && factor == other.factor
    }
}

extension ExactDecimal {
    /// This number, which is above 0, times `part` / `whole`: to twelve decimals where it is not
    /// exact with fewer.
    fileprivate func scaled(by part: Duration, over whole: Duration) -> ExactDecimal {
        let units = (digits.magnitude.wide * Int64.powerOfTen(12).magnitude.wide).rounded(
            times: part.inNanoseconds.magnitude.wide,
            over: whole.inNanoseconds.magnitude.wide * Int64.powerOfTen(scale).magnitude.wide
        )
        return Int64(exactly: units).flatMap { ExactDecimal(digits: $0, scale: 12) } ?? self
    }
}

extension UInt64 {
    fileprivate var wide: UInt128 { UInt128(self) }
}

extension BurnRateAlert {
    /// How long a step to `errorRatio` lasts, after a clean history, until the burn rate over the
    /// long window exceeds the factor; nil if it never does.
    ///
    /// factor · (1 - target) · window / errorRatio, cut off to whole nanoseconds. The alert fires
    /// at the end of the first slice after that.
    package func detectionTime(
        errorRatio: ExactDecimal,
        target: ExactDecimal
    ) -> Duration? {
        let budget = target.complement
        guard ExactRatio(errorRatio).compares(comparison, to: factor, of: budget) else {
            return nil
        }
        return .nanoseconds(time(errorRatio, budget))
    }

    private func time(_ errorRatio: ExactDecimal, _ budget: ExactDecimal) -> Int64 {
        let product = ExactRatio(factor)
            .multiplied(by: ExactRatio(budget))
            .multiplied(by: ExactRatio(Int128(longWindow.inNanoseconds), 1))
            .divided(by: errorRatio)
        return Int64(clamping: product.numerator / product.denominator)
    }
}
