internal import Digests

/// The `id` of a CloudEvent in sixteen bytes.
///
/// A UUID in its canonical lower-case form is kept as it is. Any other text is kept as the first
/// 128 bits of its SHA-256, enough to distinguish events; the text itself stays with the original
/// bytes of the event, where it is read back from (``Batch/idText(of:)``).
@usableFromInline package struct EventID: Hashable, Comparable, Sendable {
    @usableFromInline package let high: UInt64
    @usableFromInline package let low: UInt64

    @inlinable
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The id `text`, and whether it is a UUID whose text can be made again from the value.
    package static func parse(_ text: String) -> (id: EventID, isUUID: Bool) {
        if let id = EventID(uuid: text) {
            return (id, true)
        }
        let digest = SHA256Digest(of: Array(text.utf8))
        return (EventID(high: digest.first, low: digest.second), false)
    }

    /// The UUID that `text` writes in its canonical lower-case form, else nil.
    package init?(uuid text: String) {
        var text = text
        let parsed = text.withUTF8 { bytes -> EventID? in
            guard bytes.count == 36 else { return nil }
            var high: UInt64 = 0
            var low: UInt64 = 0
            for (index, byte) in bytes.enumerated() {
                if index == 8 || index == 13 || index == 18 || index == 23 {
                    guard byte == UInt8(ascii: "-") else { return nil }
                    continue
                }
                let digit: UInt8
                switch byte {
                case 48...57: digit = byte - 48
                case 97...102: digit = byte - 87
                default: return nil
                }
                high = high << 4 | low >> 60
                low = low << 4 | UInt64(digit)
            }
            return EventID(high: high, low: low)
        }
        guard let parsed else { return nil }
        self = parsed
    }

    /// A UUID of version 7 (RFC 9562): sorts by `milliseconds` since the epoch, then by `order`
    /// (12 bits), then by `tail` (62 bits).
    @inlinable
    package init(version7At milliseconds: UInt64, order: UInt64, tail: UInt64) {
        high = milliseconds << 16 | 0x7000 | order & 0xfff
        low = 0x8000_0000_0000_0000 | tail & 0x3fff_ffff_ffff_ffff
    }

    @inlinable
    package static func < (left: EventID, right: EventID) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }

    /// Appends the canonical lower-case form of the UUID as ASCII, 36 bytes.
    package func append(to bytes: inout [UInt8]) {
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 {
                bytes.append(UInt8(ascii: "-"))
            }
            let word = index < 16 ? high : low
            bytes.append(EventID.hexDigit(word >> UInt64(60 - 4 * (index % 16)) & 0xf))
        }
    }

    /// The canonical lower-case form of the UUID.
    package var uuid: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    static func hexDigit(_ value: UInt64) -> UInt8 {
        UInt8(value < 10 ? 48 + value : 87 + value)
    }
}
