internal import Timekeeping

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

    /// How long the long window alone keeps the alert firing after such a step has ended that
    /// lasted as long as the window: window · (1 - factor · (1 - target) / errorRatio).
    ///
    /// The short window ends it earlier. Nil where the alert never fires.
    package func resetTime(errorRatio: ExactDecimal, target: ExactDecimal) -> Duration? {
        detectionTime(errorRatio: errorRatio, target: target).map { longWindow - $0 }
    }

    /// How long such a step lasts until the whole budget of a period is spent: 0 < `errorRatio`.
    package static func exhaustionTime(
        errorRatio: ExactDecimal,
        target: ExactDecimal,
        period: Duration
    ) -> Duration {
        let budget = BurnRateAlert(longWindow: period, factor: .one, severity: "")
        return .nanoseconds(budget.time(errorRatio, target.complement))
    }

    private func time(_ errorRatio: ExactDecimal, _ budget: ExactDecimal) -> Int64 {
        let product = ExactRatio(factor)
            .multiplied(by: ExactRatio(budget))
            .multiplied(by: ExactRatio(Int128(longWindow.inNanoseconds), 1))
            .divided(by: errorRatio)
        return Int64(clamping: product.numerator / product.denominator)
    }
}
