internal import Timekeeping

/// The error budget of a period: what may be lost, what has been, what is left.
///
/// The budget is of the whole period. What has not been lived or not been observed yet has spent
/// none of it; where part of the period is missing, the budget in events is the one that the
/// period has at the traffic observed so far, and ``isEstimated`` says so.
package struct ErrorBudget: Sendable {
    /// One less the target.
    package var share: ExactDecimal
    /// The bad share of the whole window; nil if nothing was observed.
    package var spentShare: ExactRatio?
    /// Events or slices that may be bad; nil if that cannot be determined.
    ///
    /// Nil for `Occurrences` of several components, whose events are not of one kind.
    package var allowed: ExactRatio?
    /// Events or slices that were bad, slices by their bad share; nil if nothing was observed.
    package var spent: ExactRatio?
    /// The time for which everything may be bad.
    package var time: Duration
    /// Whether ``allowed`` rests on traffic that has not been seen.
    package var isEstimated: Bool

    /// The budget of what was measured over a period.
    package init(_ measurement: WindowMeasurement, target: ExactDecimal) {
        share = target.complement
        spentShare = measurement.spentShare
        let counted = measurement.slices - measurement.excluded
        let length = Int128(max(0, counted)) * Int128(measurement.sliceWidth.inNanoseconds)
        let nanoseconds = length * Int128(share.digits) / Int128(Int64.powerOfTen(share.scale))
        time = .nanoseconds(Int64(clamping: nanoseconds))
        isEstimated = measurement.observed < counted
        switch measurement.unit {
        case .slices:
            allowed = ExactRatio(Int128(counted), 1).multiplied(by: ExactRatio(share))
            if measurement.hasData {
                spent = measurement.judged.map { ExactRatio($0.badUnits, JudgedSum.unit) }
            }
            isEstimated = false
        case .events:
            guard measurement.components.count == 1, let sum = measurement.components.first,
                sum.observed > 0
            else { return }
            let unit = measurement.scale.unitsPerEvent
            let total = ExactRatio(sum.total * Int128(counted), Int128(sum.observed))
            allowed = total.multiplied(by: ExactRatio(1, unit)).multiplied(by: ExactRatio(share))
            spent = ExactRatio(sum.bad, unit)
        }
    }

    /// The spent part of the budget: 1 is all of it, and more than 1 is more than there was.
    package var spentRatio: ExactRatio? { spentShare?.divided(by: share) }

    /// What is left of it: below zero if more was spent than there was.
    package var remainingRatio: ExactRatio? { spentRatio.map { ExactRatio.one - $0 } }

    /// Events or slices that may still be bad: below zero if too many were.
    package var remaining: ExactRatio? {
        guard let allowed, let spent else { return nil }
        return allowed - spent
    }

    /// The spent part of ``time``.
    package var spentTime: Duration? { spentRatio.map { time(of: $0) } }

    /// What is left of ``time``: below zero if more was spent than there was.
    package var remainingTime: Duration? { spentTime.map { time - $0 } }

    /// Whether more was spent than there was.
    package var isOverspent: Bool { isSpent(.greaterThan) }

    /// Whether nothing is left.
    package var isExhausted: Bool { isSpent(.greaterThanOrEqual) }

    private func isSpent(_ comparison: ThresholdComparison) -> Bool {
        spentShare?.compares(comparison, to: .one, of: share) ?? false
    }

    private func time(of ratio: ExactRatio) -> Duration {
        let product = ratio.multiplied(by: ExactRatio(Int128(time.inNanoseconds), 1))
        return .nanoseconds(Int64(clamping: product.numerator / product.denominator))
    }
}
