internal import Timekeeping

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

/// A number as a source wrote it, exactly: `digits` · 10^-`scale`.
///
/// Holds 36 significant digits, twice as many as a binary fraction is written with, and any
/// number of places after the point that one may need. Kept without trailing zeros, so that equal
/// numbers are equal values.
package struct MeasuredNumber: Hashable, Sendable {
    /// The most significant digits that a number may have.
    package static let longest = 36
    /// Counts are kept to this many places after the point at most.
    package static let finestScale = 24

    /// The digits without the point, with the sign.
    package let digits: Int128
    /// How many of them follow the point.
    package let scale: Int

    package static let zero = MeasuredNumber(0)

    /// A whole number.
    package init(_ whole: some BinaryInteger) {
        digits = Int128(whole)
        scale = 0
    }

    /// The number that a decimal is.
    package init(_ decimal: ExactDecimal) {
        digits = Int128(decimal.digits)
        scale = decimal.scale
    }

    /// `digits` · 10^-`scale`, its trailing zeros taken off.
    package init(digits: Int128, scale: Int) {
        var (digits, scale) = (digits, scale)
        while scale > 0, digits % 10 == 0 {
            digits /= 10
            scale = digits == 0 ? 0 : scale - 1
        }
        self.digits = digits
        self.scale = scale
    }

    /// The number that `text` names, or nil if it is not one or has too many digits.
    ///
    /// Takes what ``ExactDecimal`` takes.
    package init?(_ text: some StringProtocol) {
        self.init(bytes: Array(text.utf8)[...])
    }

    /// The same of a text in UTF-8.
    package init?(bytes: ArraySlice<UInt8>) {
        var bytes = bytes
        var isNegative = false
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            bytes.removeFirst()
        }
        var exponent = 0
        if let mark = bytes.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "e") }) {
            let text = String(decoding: bytes[(mark + 1)...], as: UTF8.self)
            guard let parsed = Int(text), abs(parsed) <= 400 else { return nil }
            exponent = parsed
            bytes = bytes[..<mark]
        }
        var value: Int128 = 0
        // Zeros are digits only where another one follows them.
        var (significant, zeros, fraction) = (0, 0, 0)
        var point: Int?
        for (place, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "."), point == nil {
                point = place
                continue
            }
            guard (48...57).contains(byte) else { return nil }
            if point != nil { fraction += 1 }
            if byte == 48 {
                zeros += value == 0 ? 0 : 1
            } else {
                significant += zeros + 1
                guard significant <= MeasuredNumber.longest else { return nil }
                value = value * .powerOfTen(zeros + 1) + Int128(byte - 48)
                zeros = 0
            }
        }
        guard bytes.count > (point == nil ? 0 : 1), point != 0, point != bytes.count - 1 else {
            return nil
        }
        var scale = value == 0 ? 0 : fraction - zeros - exponent
        if scale < 0 {
            guard significant - scale <= MeasuredNumber.longest else { return nil }
            value *= .powerOfTen(-scale)
            scale = 0
        }
        digits = isNegative ? -value : value
        self.scale = scale
    }
}

extension MeasuredNumber: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int64) {
        self.init(value)
    }
}

// MARK: - Arithmetic

extension MeasuredNumber {
    /// The number to ``finestScale`` places, to the nearest and to the even one of two.
    package var counted: MeasuredNumber {
        guard scale > MeasuredNumber.finestScale else { return self }
        let places = MeasuredNumber.finestScale
        return MeasuredNumber(digits: units(at: places).units, scale: places)
    }

    /// How many times 10^-`places` it is, and whether that had to be rounded.
    ///
    /// For numbers that a count can be, and at most ``finestScale`` places.
    package func units(at places: Int) -> (units: Int128, isRounded: Bool) {
        if places >= scale { return (digits &* .powerOfTen(places - scale), false) }
        let distance = scale - places
        guard distance <= MeasuredNumber.longest else { return (0, digits != 0) }
        let power = Int128.powerOfTen(distance)
        let (quotient, rest) = digits.magnitude.quotientAndRemainder(dividingBy: power.magnitude)
        let half = power.magnitude / 2
        let isUp = rest > half || (rest == half && quotient % 2 == 1)
        let units = Int128(quotient) + (isUp ? 1 : 0)
        return (digits < 0 ? -units : units, rest != 0)
    }

    /// The sum; nil if it has more digits than are held.
    package func adding(_ other: MeasuredNumber) -> MeasuredNumber? {
        let places = max(scale, other.scale)
        guard let left = digits(at: places), let right = other.digits(at: places) else {
            return nil
        }
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? nil : MeasuredNumber(digits: sum, scale: places)
    }

    /// The difference; nil if it has more digits than are held.
    package func subtracting(_ other: MeasuredNumber) -> MeasuredNumber? {
        adding(MeasuredNumber(digits: -other.digits, scale: other.scale))
    }

    /// A rate per second, multiplied by `nanoseconds`; nil if it has too many digits.
    package func over(nanoseconds: Int64) -> MeasuredNumber? {
        let (product, overflow) = digits.multipliedReportingOverflow(by: Int128(nanoseconds))
        return overflow ? nil : MeasuredNumber(digits: product, scale: scale + 9)
    }

    private func digits(at places: Int) -> Int128? {
        guard places - scale <= MeasuredNumber.longest else { return digits == 0 ? 0 : nil }
        let power = Int128.powerOfTen(places - scale)
        let (product, overflow) = digits.multipliedReportingOverflow(by: power)
        return overflow ? nil : product
    }
}

extension MeasuredNumber: Comparable {
    package static func < (left: MeasuredNumber, right: MeasuredNumber) -> Bool {
        if left.digits.signum() != right.digits.signum() {
            return left.digits.signum() < right.digits.signum()
        }
        let isSmaller = left.compareMagnitude(right)
        return left.digits < 0 ? isSmaller > 0 : isSmaller < 0
    }

    /// The sign of the difference of the magnitudes, exactly.
    private func compareMagnitude(_ other: MeasuredNumber) -> Int {
        if scale > other.scale { return -other.compareMagnitude(self) }
        let distance = other.scale - scale
        // What is multiplied is the larger one as soon as it leaves 128 bits.
        guard digits != 0, distance <= MeasuredNumber.longest else {
            return digits == 0 ? (other.digits == 0 ? 0 : -1) : 1
        }
        let power = Int128.powerOfTen(distance).magnitude
        let (product, overflow) = digits.magnitude.multipliedReportingOverflow(by: power)
        if overflow { return 1 }
        let right = other.digits.magnitude
        return product == right ? 0 : product < right ? -1 : 1
    }
}

extension MeasuredNumber: CustomStringConvertible {
    /// Plain decimal, without an exponent: `44.197872287004095`.
    package var description: String {
        guard scale > 0 else { return String(digits) }
        let padded = digits.magnitude.text(width: scale + 1)
        return (digits < 0 ? "-" : "") + padded.dropLast(scale) + "." + padded.suffix(scale)
    }
}

extension Int128 {
    private static let powersOfTen: [Int128] = (0..<38).reduce(into: [1]) { powers, _ in
        powers.append((powers.last ?? 1) * 10)
    }

    /// Ten to `exponent`, which is from 0 to 38.
    package static func powerOfTen(_ exponent: Int) -> Int128 {
        powersOfTen[exponent]
    }
}
