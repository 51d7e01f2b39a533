/// A number as people write it, held exactly: `250`, `10.0`, `1e3`, `.5`, `5k`, `1.5M`.
///
/// The one reader of numbers: documents, settings, options of the command line, durations and
/// numbers of bytes are all read by it, so that what is a number at one door is one at all.
package struct Quantity: Hashable, Sendable {
    /// All digits, with the sign; without trailing zeros, so that equal numbers are equal values.
    private let digits: Int128
    /// By which power of ten they are multiplied.
    private let exponent: Int

    /// More digits are not measured, and would not fit.
    private static let longest = 36
    private static let exponents = -400...400
    private static let multiples: [(name: Substring, exponent: Int)] = [
        ("", 0), ("k", 3), ("K", 3), ("M", 6), ("G", 9),
    ]

    /// The number that `text` names, or nil where it names none.
    ///
    /// A sign, digits with at most one point, and an exponent or a multiple: k, M or G.
    package init?(_ text: some StringProtocol) {
        guard let (number, rest) = Quantity.leading(Substring(text), signed: true),
            let multiple = Quantity.multiples.first(where: { $0.name == rest }),
            multiple.exponent == 0 || !text.utf8.contains(where: { $0 | 0x20 == 101 })
        else { return nil }
        self.init(digits: number.digits, exponent: number.exponent + multiple.exponent)
    }

    private init(digits: Int128, exponent: Int) {
        var digits = digits
        var exponent = digits == 0 ? 0 : exponent
        while digits != 0, digits % 10 == 0 {
            digits /= 10
            exponent += 1
        }
        self.digits = digits
        self.exponent = exponent
    }

    /// The number that `text` begins with, and what follows it, such as a unit.
    package static func leading(
        _ text: Substring,
        signed: Bool = false
    ) -> (number: Quantity, rest: Substring)? {
        var rest = text.utf8[...]
        let sign = signed ? rest.first.flatMap { $0 == 45 || $0 == 43 ? $0 : nil } : nil
        if sign != nil { rest = rest.dropFirst() }
        let isDigit: (UInt8) -> Bool = { (48...57).contains($0) }
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction = rest.prefix(0)
        if rest.first == 46 {
            fraction = rest.dropFirst().prefix(while: isDigit)
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        var power = 0
        if let mark = rest.first, mark | 0x20 == 101 {
            let signed = rest.dropFirst().first.map { $0 == 45 || $0 == 43 } ?? false
            let magnitude = rest.dropFirst(signed ? 2 : 1).prefix(while: isDigit)
            guard let value = Int(Substring(magnitude)), exponents.contains(value) else {
                return nil
            }
            power = rest.dropFirst().first == 45 ? -value : value
            rest = rest.dropFirst((signed ? 2 : 1) + magnitude.count)
        }
        // Zeros at either end need not be held.
        while fraction.last == 48 { fraction = fraction.dropLast() }
        let significant = (Array(whole) + Array(fraction)).drop { $0 == 48 }
        guard significant.count <= longest else { return nil }
        let magnitude = significant.reduce(Int128(0)) { $0 * 10 + Int128($1 - 48) }
        let number = Quantity(
            digits: sign == 45 ? -magnitude : magnitude,
            exponent: power - fraction.count
        )
        return (number, Substring(rest))
    }

    /// The number times `factor`, or nil where that is not a whole number within 64 bits.
    package func whole(times factor: Int64 = 1) -> Int64? {
        var (product, overflow) = digits.multipliedReportingOverflow(by: Int128(factor))
        guard !overflow else { return nil }
        for _ in 0..<abs(exponent) where product != 0 {
            if exponent < 0 {
                guard product % 10 == 0 else { return nil }
                product /= 10
            } else {
                (product, overflow) = product.multipliedReportingOverflow(by: 10)
                guard !overflow else { return nil }
            }
        }
        return Int64(exactly: product)
    }

    /// The nearest number that floating point has, or nil where it has none so large.
    package var double: Double? {
        Double("\(digits)e\(exponent)").flatMap { $0.isFinite ? $0 : nil }
    }
}

/// Durations as documents and options write them: numbers with their units, the larger unit first.
package enum DurationText {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("w", 604_800_000_000_000), ("d", 86_400_000_000_000), ("h", 3_600_000_000_000),
        ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1),
    ]

    /// A hundred years: the longest that can be written, so that instants do not overflow.
    package static let longest = Duration.seconds(36_500 * 86_400)

    /// The duration that `text` names, exactly to the nanosecond, or nil where it is none:
    /// Pub/Sub's `600s` and `0.1s`, and also `250ms`, `10m`, `1.5h`, `1h30m`, `7d`, `1w`.
    package static func parse(_ text: String) -> Duration? {
        var rest = Substring(text)
        var total: Int64 = 0
        var next = 0
        repeat {
            guard let (number, behind) = Quantity.leading(rest) else { return nil }
            let name = behind.prefix { $0.isASCII && $0.isLetter }
            // Each unit once, and none before a larger one.
            guard let place = units.indices.first(where: { units[$0].name == name }),
                place >= next,
                let part = number.whole(times: units[place].nanoseconds)
            else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
            next = place + 1
            rest = behind.dropFirst(name.count)
        } while !rest.isEmpty
        let duration = Duration.nanoseconds(total)
        return duration <= longest ? duration : nil
    }

    /// The duration in its largest unit up to days that leaves a whole number, such as `90s` or
    /// `7d`.
    package static func write(_ duration: Duration) -> String {
        let nanoseconds = duration.inNanoseconds
        guard nanoseconds != 0 else { return "0s" }
        let unit = units.dropFirst().first { nanoseconds % $0.nanoseconds == 0 } ?? ("ns", 1)
        return "\(nanoseconds / unit.nanoseconds)\(unit.name)"
    }
}

/// Numbers of bytes as documents write them: `64MiB`, `1.5GB`, `1000000`, `64M`.
package enum ByteCountText {
    private static let units: [(name: String, bytes: Int64)] = [
        ("B", 1),
        ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    /// The number that `text` names, or nil where it names none.
    package static func parse(_ text: String) -> Int? {
        if let plain = Quantity(text) { return plain.whole().map(Int.init) }
        guard let (number, rest) = Quantity.leading(Substring(text)),
            let unit = units.first(where: { $0.name == rest })
        else { return nil }
        return number.whole(times: unit.bytes).map(Int.init)
    }
}

extension BinaryInteger {
    /// The number in at least `width` digits, with zeros before it.
    package func text(width: Int, radix: Int = 10, uppercase: Bool = false) -> String {
        let digits = String(self, radix: radix, uppercase: uppercase)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension Timestamp {
    /// Seconds since the epoch in decimal, exactly, with as many decimals as it takes.
    package var decimalSeconds: String {
        let seconds = nanoseconds.flooringQuotient(1_000_000_000)
        let fraction = nanoseconds - seconds * 1_000_000_000
        return fraction > 0 ? "\(seconds).\(fraction.text(width: 9))" : "\(seconds)"
    }
}
