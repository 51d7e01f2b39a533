internal import Timekeeping

/// A currency of ISO 4217, packed into four bytes.
@usableFromInline package struct Currency: Hashable, Sendable {
    /// The three letters, first one highest; 0 for none.
    @usableFromInline package let bits: UInt32

    @inlinable
    package init(bits: UInt32) {
        self.bits = bits
    }

    /// The currency with this code, or nil unless it is three upper-case ASCII letters.
    package init?(code: some StringProtocol) {
        var bits: UInt32 = 0
        var count = 0
        for byte in code.utf8 {
            guard (65...90).contains(byte) else { return nil }
            bits = bits << 8 | UInt32(byte)
            count += 1
            guard count <= 3 else { return nil }
        }
        guard count == 3 else { return nil }
        self.init(bits: bits)
    }

    /// No currency: an event without a value.
    @inlinable package static var none: Currency { Currency(bits: 0) }
    /// United States dollar.
    @inlinable package static var usd: Currency { Currency(bits: 0x55_5344) }

    /// The three letters, or the empty text for ``none``.
    package var code: String {
        guard bits != 0 else { return "" }
        let letters = [UInt8(bits >> 16 & 0xff), UInt8(bits >> 8 & 0xff), UInt8(bits & 0xff)]
        return String(decoding: letters, as: UTF8.self)
    }

    /// How many decimal digits the minor unit has (ISO 4217: 2 for most, 0 for JPY, 3 for KWD, 4
    /// for CLF); 2 as well where that has none, as for gold.
    package var minorDigits: Int {
        // Asked for with every amount that is written, and nearly always this one.
        if self == .usd { return 2 }
        return switch code {
        case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI",
            "VND", "VUV", "XAF", "XOF", "XPF":
            0
        case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND": 3
        case "CLF", "UYW": 4
        default: 2
        }
    }
}

/// An exact amount: whole minor units (cents) of one currency.
@usableFromInline package struct Money: Hashable, Sendable, CustomStringConvertible {
    @usableFromInline package var minorUnits: Int64
    @usableFromInline package var currency: Currency

    package init(minorUnits: Int64, currency: Currency) {
        self.minorUnits = minorUnits
        self.currency = currency
    }

    /// The amount that a plain decimal number (`-12.30`) names, exactly.
    ///
    /// Nil where `text` is not such a number, has more digits than the currency's minor unit can
    /// hold (trailing zeros aside), or does not fit.
    package init?(decimal text: some StringProtocol, currency: Currency) {
        let digits = currency.minorDigits
        var value: Int64 = 0
        var seenDigits = 0
        var fractionDigits: Int?
        var bytes = Substring(text).utf8[...]
        let negative = bytes.first == UInt8(ascii: "-")
        if negative {
            bytes.removeFirst()
        }
        for byte in bytes {
            if byte == UInt8(ascii: "."), fractionDigits == nil, seenDigits > 0 {
                fractionDigits = 0
                continue
            }
            guard (48...57).contains(byte) else { return nil }
            seenDigits += 1
            if let fraction = fractionDigits {
                fractionDigits = fraction + 1
                if fraction >= digits {
                    guard byte == UInt8(ascii: "0") else { return nil }
                    continue
                }
            }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = scaled.addingReportingOverflow(Int64(byte - 48))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        guard seenDigits > 0, fractionDigits != 0 else { return nil }
        for _ in min(fractionDigits ?? 0, digits)..<digits {
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = scaled
        }
        self.init(minorUnits: negative ? -value : value, currency: currency)
    }

    /// The amount without its currency, such as `-12.30`.
    package var decimal: String {
        var bytes: [UInt8] = []
        appendDecimal(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The amount with its currency, such as `-12.30 USD`.
    @usableFromInline package var description: String {
        currency == .none ? decimal : "\(decimal) \(currency.code)"
    }

    /// Appends ``decimal`` as ASCII; it is also a JSON number.
    package func appendDecimal(to bytes: inout [UInt8]) {
        let digits = currency.minorDigits
        var scale: UInt64 = 1
        for _ in 0..<digits {
            scale *= 10
        }
        if minorUnits < 0 {
            bytes.append(UInt8(ascii: "-"))
        }
        let (whole, fraction) = minorUnits.magnitude.quotientAndRemainder(dividingBy: scale)
        bytes.appendDecimal(Int(whole))
        if digits > 0 {
            bytes.append(UInt8(ascii: "."))
            bytes.appendDecimal(Int(fraction), width: digits)
        }
    }
}
