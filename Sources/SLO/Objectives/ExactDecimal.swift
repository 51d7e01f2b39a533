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
        var bytes = Array(text.utf8)[...]
        var isNegative = false
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            bytes = bytes.dropFirst()
        }
        var exponent = 0
        if let mark = bytes.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "e") }) {
            let text = String(decoding: bytes[(mark + 1)...], as: UTF8.self)
            guard let parsed = Int(text), abs(parsed) <= 400 else { return nil }
            exponent = parsed
            bytes = bytes[..<mark]
        }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }),
            parts.joined().allSatisfy({ (48...57).contains($0) })
        else { return nil }
        // Zeros at either end are not digits that must be held.
        var fraction = parts.count == 2 ? parts[1] : []
        while fraction.last == 48 {
            fraction = fraction.dropLast()
        }
        let significant = (parts[0] + fraction).drop { $0 == 48 }
        guard significant.count <= ExactDecimal.longest else { return nil }
        let magnitude = significant.reduce(Int64(0)) { $0 * 10 + Int64($1 - 48) }
        self.init(digits: isNegative ? -magnitude : magnitude, scale: fraction.count - exponent)
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
    package var description: String {
        guard scale > 0 else { return String(digits) }
        let text = String(digits.magnitude)
        let padded = String(repeating: "0", count: max(0, scale + 1 - text.count)) + text
        return (digits < 0 ? "-" : "") + padded.dropLast(scale) + "." + padded.suffix(scale)
    }
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
