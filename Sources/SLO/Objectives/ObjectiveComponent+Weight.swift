extension ObjectiveComponent {
    /// The cost of this component's bad share to a composite with `budget`: in units of 10^-18,
    /// times its weight.
    func weigh(_ units: Int128, of budget: ExactDecimal) -> Int128 {
        let cost = cost(of: units, from: budget).magnitude
        return Int128(
            cost.rounded(
                times: UInt128(weight.digits.magnitude),
                over: UInt128(Int64.powerOfTen(weight.scale))
            )
        )
    }

    /// What a bad share of this component is of the budget of the whole, in units of 10^-18.
    ///
    /// A component with a budget of its own burns it at the rate share / own budget, and that of
    /// the whole at the same rate: share · whole budget / own budget. The whole has the strictest
    /// target, so that this is never more than the share.
    func cost(of units: Int128, from budget: ExactDecimal) -> Int128 {
        guard let own = target?.complement else { return units }
        let scale = max(own.scale, budget.scale)
        func whole(_ number: ExactDecimal) -> UInt128 {
            UInt128(number.digits.magnitude)
                * UInt128(Int64.powerOfTen(scale - number.scale))
        }
        return Int128(units.magnitude.rounded(times: whole(budget), over: whole(own)))
    }
}

extension UInt128 {
    /// This times `factor` over `divisor`, to the nearest whole and to the even one of two.
    ///
    /// The result must fit, as it does if `factor` is not above `divisor`.
    func rounded(times factor: UInt128, over divisor: UInt128) -> UInt128 {
        let (quotient, rest) = divisor.dividingFullWidth(multipliedFullWidth(by: factor))
        let isUp = rest > divisor - rest || (rest == divisor - rest && quotient % 2 == 1)
        return isUp && rest > 0 ? quotient + 1 : quotient
    }
}
