/// A decimal number as JSON writes one, kept to its last digit.
///
/// Holds 30 digits; what needs more is no number of a shop, and is nil.
package struct DecimalNumber: Hashable {
    /// The number times ten to the power of ``scale``.
    private var units: Int128
    private var scale: Int

    private static let digitLimit = 30

    /// The number that `text` writes by the grammar of JSON, or nil if it does not.
    package init?(_ text: some StringProtocol) {
        var bytes = Substring(text).utf8[...]
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative { bytes.removeFirst() }
        let whole = bytes.prefix { (48...57).contains($0) }
        guard !whole.isEmpty, whole.first != 48 || whole.count == 1 else { return nil }
        bytes = bytes.dropFirst(whole.count)
        var fraction = bytes.prefix(0)
        if bytes.first == UInt8(ascii: ".") {
            fraction = bytes.dropFirst().prefix { (48...57).contains($0) }
            guard !fraction.isEmpty else { return nil }
            bytes = bytes.dropFirst(1 + fraction.count)
        }
        guard let exponent = DecimalNumber.exponent(bytes) else { return nil }
        var units: Int128 = 0
        var digits = 0
        for byte in Array(whole) + Array(fraction) {
            units = units * 10 + Int128(byte - 48)
            digits += units == 0 ? 0 : 1
            guard digits <= DecimalNumber.digitLimit else { return nil }
        }
        self.units = isNegative ? -units : units
        scale = fraction.count - exponent
        guard normalise() else { return nil }
    }

    private init(units: Int128, scale: Int) {
        self.units = units
        self.scale = scale
    }

    /// The exponent that `bytes` write, 0 where they are none; nil where they are something else.
    private static func exponent(_ bytes: Substring.UTF8View) -> Int? {
        guard let first = bytes.first else { return 0 }
        var digits = bytes.dropFirst()
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
        guard first | 0x20 == UInt8(ascii: "e"), (1...3).contains(digits.count),
            digits.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        let exponent = digits.reduce(0) { $0 * 10 + Int($1 - 48) }
        return isNegative ? -exponent : exponent
    }

    /// Brings an exponent above 0 into the digits; says whether the number can be held.
    private mutating func normalise() -> Bool {
        if units == 0 { scale = min(max(scale, 0), DecimalNumber.digitLimit) }
        while scale < 0 {
            guard units.magnitude < DecimalNumber.power(DecimalNumber.digitLimit) else {
                return false
            }
            units *= 10
            scale += 1
        }
        return scale <= DecimalNumber.digitLimit
    }

    private static func power(_ exponent: Int) -> Int128.Magnitude {
        (0..<exponent).reduce(1) { power, _ in power * 10 }
    }

    /// Its digits without an exponent, such as `-12.30`.
    package var text: String {
        var digits = String(units.magnitude)
        if digits.utf8.count <= scale {
            digits = String(repeating: "0", count: scale + 1 - digits.utf8.count) + digits
        }
        let fraction = digits.suffix(scale)
        let number = digits.dropLast(scale) + (scale > 0 ? "." + fraction : "")
        return (units < 0 ? "-" : "") + number
    }

    /// Its digits where it is whole, such as `2` for `2.0`; nil where it is not.
    package var wholeText: String? {
        let divisor = Int128(DecimalNumber.power(scale))
        return units % divisor == 0 ? String(units / divisor) : nil
    }

    /// The sum; nil where it cannot be held.
    package static func + (left: DecimalNumber, right: DecimalNumber) -> DecimalNumber? {
        let scale = max(left.scale, right.scale)
        let raised = [left, right].map { number in
            number.units.multipliedReportingOverflow(
                by: Int128(power(scale - number.scale))
            )
        }
        let (sum, overflow) = raised[0].partialValue
            .addingReportingOverflow(raised[1].partialValue)
        guard !overflow, !raised[0].overflow, !raised[1].overflow else { return nil }
        return DecimalNumber(units: sum, scale: scale)
    }

    /// The number with the other sign.
    package static prefix func - (number: DecimalNumber) -> DecimalNumber {
        DecimalNumber(units: -number.units, scale: number.scale)
    }

    /// The product; nil where it cannot be held.
    package static func * (left: DecimalNumber, right: DecimalNumber) -> DecimalNumber? {
        let (product, overflow) = left.units.multipliedReportingOverflow(by: right.units)
        let scale = left.scale + right.scale
        guard !overflow, scale <= digitLimit else { return nil }
        return DecimalNumber(units: product, scale: scale)
    }
}
