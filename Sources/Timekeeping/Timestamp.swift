/// An instant: nanoseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Covers the years 1678 to 2262. Arithmetic ends at ``distantPast`` and ``distantFuture``: what is
/// read may be any instant.
@usableFromInline package struct Timestamp: Hashable, Comparable, Sendable {
    /// Nanoseconds since the epoch; negative before it.
    @usableFromInline package var nanoseconds: Int64

    /// The instant that lies `nanoseconds` after the epoch.
    @inlinable
    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The instant that lies `seconds` after the epoch.
    @inlinable
    package init(seconds: Int64) {
        self.nanoseconds = seconds * 1_000_000_000
    }

    /// Before every instant that can be named.
    @inlinable package static var distantPast: Timestamp { Timestamp(nanoseconds: .min) }
    /// After every instant that can be named.
    @inlinable package static var distantFuture: Timestamp { Timestamp(nanoseconds: .max) }

    @inlinable
    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The instant `duration` later, truncated to whole nanoseconds.
    @inlinable
    package static func + (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(nanoseconds: left.nanoseconds.addingSaturated(right.inNanoseconds))
    }

    /// The instant `duration` earlier, truncated to whole nanoseconds.
    @inlinable
    package static func - (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(nanoseconds: left.nanoseconds.subtractingSaturated(right.inNanoseconds))
    }

    /// The time from `right` to `left`; negative when `right` is the later one.
    @inlinable
    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        .nanoseconds(left.nanoseconds.subtractingSaturated(right.nanoseconds))
    }
}

extension Duration {
    /// The duration in whole nanoseconds, truncated towards zero; the longest there is where it
    /// has more than fit.
    @inlinable
    package var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        return whole.addingSaturated(attoseconds / 1_000_000_000)
    }

    /// The duration in seconds, as nearly as a `Double` has it: for display only.
    @inlinable
    package var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with as many fraction digits (0, 3, 6 or 9) as the instant needs.
    @usableFromInline package var description: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(30)
        appendRFC3339(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends ``description`` as ASCII, without allocating.
    package func appendRFC3339(to bytes: inout [UInt8]) {
        let seconds = nanoseconds.flooringQuotient(1_000_000_000)
        let fraction = nanoseconds &- seconds &* 1_000_000_000
        let days = seconds.flooringQuotient(86_400)
        let secondOfDay = Int(seconds - days * 86_400)
        let date = CivilDate(daysSinceEpoch: Int(days))
        bytes.appendDecimal(date.year, width: 4)
        bytes.append(UInt8(ascii: "-"))
        bytes.appendDecimal(date.month, width: 2)
        bytes.append(UInt8(ascii: "-"))
        bytes.appendDecimal(date.day, width: 2)
        bytes.append(UInt8(ascii: "T"))
        bytes.appendDecimal(secondOfDay / 3600, width: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.appendDecimal(secondOfDay / 60 % 60, width: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.appendDecimal(secondOfDay % 60, width: 2)
        if fraction != 0 {
            bytes.append(UInt8(ascii: "."))
            if fraction % 1_000_000 == 0 {
                bytes.appendDecimal(Int(fraction / 1_000_000), width: 3)
            } else if fraction % 1000 == 0 {
                bytes.appendDecimal(Int(fraction / 1000), width: 6)
            } else {
                bytes.appendDecimal(Int(fraction), width: 9)
            }
        }
        bytes.append(UInt8(ascii: "Z"))
    }

    /// The instant that `text` names in RFC 3339, or nil if it does not.
    ///
    /// Takes an upper- or lower-case `T` and `Z`, a numeric offset, and up to nine fraction
    /// digits; a leap second (`:60`) is read as the second after it. Anything else is nil,
    /// and so is a year outside 1678 to 2261.
    package init?(rfc3339 text: some StringProtocol) {
        var text = String(text)
        let parsed = text.withUTF8 { Timestamp.parse($0) }
        guard let parsed else { return nil }
        self = parsed
    }

    private static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Timestamp? {
        guard text.count >= 20,
            let year = number(text, 0..<4), text[4] == UInt8(ascii: "-"),
            let month = number(text, 5..<7), text[7] == UInt8(ascii: "-"),
            let day = number(text, 8..<10), text[10] | 0x20 == UInt8(ascii: "t"),
            let hour = number(text, 11..<13), hour < 24, text[13] == UInt8(ascii: ":"),
            let minute = number(text, 14..<16), minute < 60, text[16] == UInt8(ascii: ":"),
            let second = number(text, 17..<19), second <= 60,
            (1678...2261).contains(year),
            let date = CivilDate(validYear: year, month: month, day: day)
        else { return nil }
        var at = 19
        var fraction: Int64 = 0
        if text[at] == UInt8(ascii: ".") {
            at += 1
            var scale: Int64 = 100_000_000
            let first = at
            while at < text.count, (48...57).contains(text[at]) {
                guard scale > 0 else { return nil }
                fraction += Int64(text[at] - 48) * scale
                scale /= 10
                at += 1
            }
            guard at > first else { return nil }
        }
        guard at < text.count, let offset = zoneOffset(text, at) else { return nil }
        let secondOfDay = hour * 3600 + minute * 60 + second
        let seconds = Int64(date.daysSinceEpoch) * 86_400 + Int64(secondOfDay - offset)
        return Timestamp(nanoseconds: seconds * 1_000_000_000 + fraction)
    }

    /// Seconds east of UTC, from `Z` or `±hh:mm` that must end the text.
    private static func zoneOffset(_ text: UnsafeBufferPointer<UInt8>, _ at: Int) -> Int? {
        if text[at] | 0x20 == UInt8(ascii: "z") {
            return at + 1 == text.count ? 0 : nil
        }
        guard at + 6 == text.count, text[at + 3] == UInt8(ascii: ":"),
            let hours = number(text, at + 1..<at + 3), hours < 24,
            let minutes = number(text, at + 4..<at + 6), minutes < 60
        else { return nil }
        switch text[at] {
        case UInt8(ascii: "+"): return hours * 3600 + minutes * 60
        case UInt8(ascii: "-"): return -(hours * 3600 + minutes * 60)
        default: return nil
        }
    }

    private static func number(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int? {
        var value = 0
        for index in range {
            guard (48...57).contains(text[index]) else { return nil }
            value = value * 10 + Int(text[index] - 48)
        }
        return value
    }
}
