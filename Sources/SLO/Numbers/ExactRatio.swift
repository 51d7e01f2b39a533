/// A quotient of two integers, never divided before something is decided on it.
package struct ExactRatio: Sendable {
    package let numerator: Int128
    /// Above zero.
    package let denominator: Int128

    package static let zero = ExactRatio(0, 1)
    package static let one = ExactRatio(1, 1)

    /// `numerator` / `denominator`; the denominator is above zero.
    package init(_ numerator: Int128, _ denominator: Int128) {
        precondition(denominator > 0, "a denominator is above zero")
        self.numerator = numerator
        self.denominator = denominator
    }

    /// The ratio that a decimal names.
    package init(_ decimal: ExactDecimal) {
        self.init(Int128(decimal.digits), Int128(Int64.powerOfTen(decimal.scale)))
    }

    /// As nearly as a `Double` has it: for display only.
    package var approximation: Double { Double(numerator) / Double(denominator) }

    /// The decimal that it is, where its denominator is a power of ten; nil if it is not.
    package var measured: MeasuredNumber? {
        (0...38).first { Int128.powerOfTen($0) == denominator }
            .map { MeasuredNumber(digits: numerator, scale: $0) }
    }

    /// Without common factors.
    package var reduced: ExactRatio {
        let divisor = ExactRatio.greatestCommonDivisor(numerator.magnitude, denominator.magnitude)
        return ExactRatio(numerator / Int128(divisor), denominator / Int128(divisor))
    }

    /// The ratio with `digits` after the point, cut off and not rounded up, for display.
    package func decimal(_ digits: Int) -> String {
        let sign = numerator < 0 ? "-" : ""
        var (whole, rest) = numerator.magnitude.quotientAndRemainder(
            dividingBy: denominator.magnitude
        )
        var text = "\(sign)\(whole)"
        guard digits > 0 else { return text }
        text += "."
        let divisor = denominator.magnitude
        for _ in 0..<digits {
            let product = rest.multipliedFullWidth(by: 10)
            (whole, rest) = divisor.dividingFullWidth(product)
            text += String(whole)
        }
        return text
    }

    private static func greatestCommonDivisor(_ left: UInt128, _ right: UInt128) -> UInt128 {
        var (left, right) = (left, right)
        while right != 0 {
            (left, right) = (right, left % right)
        }
        return max(left, 1)
    }
}

extension ExactRatio: Comparable {
    package static func == (left: ExactRatio, right: ExactRatio) -> Bool {
        compare(left.numerator, right.denominator, right.numerator, left.denominator) == 0
    }

    package static func < (left: ExactRatio, right: ExactRatio) -> Bool {
        compare(left.numerator, right.denominator, right.numerator, left.denominator) < 0
    }

    /// The sign of a·b - c·d, in 256 bits where 128 do not hold the products.
    private static func compare(_ a: Int128, _ b: Int128, _ c: Int128, _ d: Int128) -> Int {
        let left = a.multipliedReportingOverflow(by: b)
        let right = c.multipliedReportingOverflow(by: d)
        if !left.overflow, !right.overflow {
            return left.partialValue == right.partialValue
                ? 0 : left.partialValue < right.partialValue ? -1 : 1
        }
        let wideLeft = a.multipliedFullWidth(by: b)
        let wideRight = c.multipliedFullWidth(by: d)
        if wideLeft == wideRight { return 0 }
        return wideLeft < wideRight ? -1 : 1
    }
}

extension ExactRatio {
    /// The share that this is of `whole`, as a burn rate is of a budget.
    ///
    /// Exact wherever 127 bits hold it, which they do for counts below 10^12 and targets of six
    /// decimals; for display beyond that. What is decided is decided by ``compares(_:to:of:)``.
    package func divided(by whole: ExactDecimal) -> ExactRatio {
        multiplied(by: ExactRatio(Int128(Int64.powerOfTen(whole.scale)), Int128(whole.digits)))
    }

    /// The product, exact wherever 127 bits hold it.
    package func multiplied(by other: ExactRatio) -> ExactRatio {
        // Common factors across the two first, so that the products stay small.
        let (left, right) = (reduced, other.reduced)
        let first = ExactRatio(left.numerator, right.denominator).reduced
        let second = ExactRatio(right.numerator, left.denominator).reduced
        var (a, b) = (first.numerator, second.numerator)
        var (c, d) = (first.denominator, second.denominator)
        while true {
            let top = a.multipliedReportingOverflow(by: b)
            let bottom = c.multipliedReportingOverflow(by: d)
            if !top.overflow, !bottom.overflow {
                return ExactRatio(top.partialValue, bottom.partialValue)
            }
            if abs(a) > abs(b) { a /= 2 } else { b /= 2 }
            if c > d { c /= 2 } else { d /= 2 }
        }
    }

    /// The difference, exact wherever 127 bits hold it.
    package static func - (left: ExactRatio, right: ExactRatio) -> ExactRatio {
        var left = left.reduced
        var right = right.reduced
        while true {
            let a = left.numerator.multipliedReportingOverflow(by: right.denominator)
            let b = right.numerator.multipliedReportingOverflow(by: left.denominator)
            let c = left.denominator.multipliedReportingOverflow(by: right.denominator)
            let difference = a.partialValue.subtractingReportingOverflow(b.partialValue)
            if !a.overflow, !b.overflow, !c.overflow, !difference.overflow {
                return ExactRatio(difference.partialValue, c.partialValue)
            }
            left = ExactRatio(left.numerator / 2, max(1, left.denominator / 2))
            right = ExactRatio(right.numerator / 2, max(1, right.denominator / 2))
        }
    }

    /// How this ratio compares with `factor` · `budget`, without any rounding.
    package func compares(
        _ comparison: ThresholdComparison,
        to factor: ExactDecimal,
        of budget: ExactDecimal
    ) -> Bool {
        let scales = Int128(Int64.powerOfTen(factor.scale)) * Int128(Int64.powerOfTen(budget.scale))
        let threshold = ExactRatio(Int128(factor.digits) * Int128(budget.digits), scales)
        return comparison.holds(self, threshold)
    }
}
