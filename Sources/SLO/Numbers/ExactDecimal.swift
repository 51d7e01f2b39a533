/// A decimal number as it was written: `digits` · 10^-`scale`, without rounding anywhere.
///
/// Holds up to 18 significant digits, of which up to 18 after the point. Kept without trailing
/// zeros, so that equal numbers are equal values: `0.990` is `0.99`.
package struct ExactDecimal: Hashable, Sendable {
    /// The most digits that a number may have, and the most of them after the point.
    package static let longest = 18

    /// The digits without the point, with the sign.
    package let digits: Int64
    /// How many of them follow the point: 0 to 18.
    package let scale: Int

    package static let zero = ExactDecimal(0)
    package static let one = ExactDecimal(1)

    /// A whole number of at most 18 digits.
    package init(_ whole: Int64) {
        precondition(whole.magnitude < 1_000_000_000_000_000_000, "a decimal has 18 digits at most")
        digits = whole
        scale = 0
    }

    /// `digits` · 10^-`scale`, or nil if that has more digits than are held.
    package init?(digits: Int64, scale: Int) {
        var digits = digits
        var scale = scale
        while digits != 0, digits % 10 == 0, scale > 0 {
            digits /= 10
            scale -= 1
        }
        if digits == 0 {
            scale = 0
        }
        while scale < 0 {
            let (larger, overflow) = digits.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            digits = larger
            scale += 1
        }
        guard scale <= ExactDecimal.longest,
            digits.magnitude < 1_000_000_000_000_000_000
        else { return nil }
        self.digits = digits
        self.scale = scale
    }

    /// The number that `text` names exactly, or nil if it is not one or has too many digits.
    ///
    /// Takes a sign, digits with at most one point between them, and an exponent: `99.9`, `-4`,
    /// `1e3`, `2.5E-4`. Not a number, infinities, a bare point and spaces are nil.
    package init?(_ text: some StringProtocol) {
        guard let number = MeasuredNumber(text), number.scale <= ExactDecimal.longest,
            let digits = Int64(exactly: number.digits)
        else { return nil }
        self.init(digits: digits, scale: number.scale)
    }

    /// A hundredth of this number, as of a number in per cent; nil if that has too many digits.
    package var fromPercent: ExactDecimal? {
        ExactDecimal(digits: digits, scale: scale + 2)
    }

    /// One less this number: the error budget of a target.
    ///
    /// Exact for numbers in [0, 1].
    package var complement: ExactDecimal {
        let one = Int64.powerOfTen(scale)
        guard digits >= 0, digits <= one,
            let rest = ExactDecimal(digits: one - digits, scale: scale)
        else { preconditionFailure("the complement is of a number from 0 to 1") }
        return rest
    }

    /// As nearly as a `Double` has it: for display only.
    package var approximation: Double {
        Double(digits) / Double(Int64.powerOfTen(scale))
    }
}

extension ExactDecimal: Comparable {
    package static func < (left: ExactDecimal, right: ExactDecimal) -> Bool {
        // 10^18 · 10^18 is far below what 128 bits hold.
        Int128(left.digits) * Int128(Int64.powerOfTen(right.scale))
            < Int128(right.digits) * Int128(Int64.powerOfTen(left.scale))
    }
}

extension ExactDecimal: CustomStringConvertible {
    /// Plain decimal, without an exponent: `0.999`.
    package var description: String { MeasuredNumber(self).description }
}

extension Int64 {
    /// Ten to `exponent`, which is from 0 to 18.
    package static func powerOfTen(_ exponent: Int) -> Int64 {
        precondition((0...18).contains(exponent), "a power of ten within 64 bits")
        var power: Int64 = 1
        for _ in 0..<exponent {
            power *= 10
        }
        return power
    }
}
