internal import Digests
internal import Timekeeping

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

    /// Appends its sixteen bytes, the highest first, so that bytes sort as ids do.
    package func appendBytes(to bytes: inout [UInt8]) {
        bytes.appendBytes(of: high)
        bytes.appendBytes(of: low)
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

/// The identity of an event or order in sixteen bytes, the same in every run and store.
///
/// The first 128 bits of a SHA-256 over what kind of thing it is, the source with its length, and
/// the id: so neither do two things share one by design, nor can anyone construct two that do. A
/// UUID counts with its sixteen bytes, and no text has the identity of a UUID.
@usableFromInline package struct IdentityDigest: Hashable, Comparable, Sendable {
    @usableFromInline package let high: UInt64
    @usableFromInline package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The event `id` of `source`.
    package init(event id: EventID, isUUID: Bool, source: String) {
        var input = DigestInput(.event)
        input.append(source)
        input.append(id, isUUID: isUUID)
        self = input.digest
    }

    @usableFromInline package static func < (left: IdentityDigest, right: IdentityDigest) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension Batch {
    /// The identity of the event at `place`.
    package func identity(of place: Int) -> IdentityDigest {
        let event = events[place]
        var input = DigestInput(.event)
        input.append(event.source, in: .text, symbols)
        input.append(event.id, isUUID: event.hasUUID)
        return input.digest
    }

    /// The order that the event at `place` opens; nil unless it is a purchase, and no further
    /// part of one.
    package func openedOrder(by place: Int) -> IdentityDigest? {
        let event = events[place]
        guard event.name == .purchase, !event.isOrderPart, event.transaction.isPresent else {
            return nil
        }
        var input = DigestInput(.order)
        input.append(event.source, in: .text, symbols)
        input.append(event.transaction, in: .order, symbols)
        return input.digest
    }

    /// A digest of the content of the event at `place`, without its id and position.
    ///
    /// Two spellings of one event (another order of the keys, another space) have the same one. A
    /// purchase has the same one as a part of an order, since where a reader has begun decides
    /// which of them it is.
    package func contentDigest(of place: Int) -> UInt64 {
        let event = events[place]
        var input = DigestInput(.content)
        input.append(UInt64(event.name.rawValue))
        input.append(UInt64(bitPattern: event.time.nanoseconds))
        input.append(event.user, in: .user, symbols)
        input.append(event.session, in: .session, symbols)
        input.append(event.transaction, in: .order, symbols)
        input.append(event.subject, in: event.subjectNamespace, symbols)
        input.append(UInt64(bitPattern: event.value))
        input.append(UInt64(event.currency.bits))
        for item in items[event.itemRange] {
            input.append(item.product, in: .product, symbols)
            input.append(item.category, in: .category, symbols)
            input.append(UInt64(bitPattern: item.price))
            input.append(UInt64(bitPattern: Int64(item.quantity)))
        }
        if event.name == .custom {
            input.append(symbols.text(of: event.customName))
            // What it carries is in the bytes alone.
            if let original = originalJSON(of: place), let tree = try? JSONTree(Array(original)),
                let data = tree[["data"]]
            {
                input.append(data.inKeyOrder.json)
            }
        }
        return input.digest.high
    }
}

/// The input of a digest, in an unambiguous form.
private struct DigestInput {
    /// The kind of thing that is digested.
    enum Domain: UInt8 {
        case event = 1
        case order = 2
        case content = 3
    }

    private var bytes: [UInt8] = []

    init(_ domain: Domain) {
        bytes.reserveCapacity(128)
        bytes.append(domain.rawValue)
    }

    mutating func append(_ number: UInt64) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    mutating func append(_ text: String) {
        append(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(_ id: EventID, isUUID: Bool) {
        bytes.append(isUUID ? 1 : 0)
        append(id.high)
        append(id.low)
    }

    /// Appends the text of `symbol`, after its length; what is absent is not the empty text.
    mutating func append(_ symbol: Symbol, in namespace: Namespace, _ symbols: SymbolTable) {
        guard symbol.isPresent else {
            return append(.max)
        }
        let start = bytes.count
        append(0)
        symbols.append(symbol, in: namespace, to: &bytes)
        let length = UInt64(bytes.count - start - 8)
        for place in 0..<8 {
            bytes[start + place] = UInt8(truncatingIfNeeded: length >> UInt64(56 - 8 * place))
        }
    }

    var digest: IdentityDigest {
        let digest = SHA256Digest(of: bytes)
        return IdentityDigest(high: digest.first, low: digest.second)
    }
}

extension [UInt8] {
    /// Appends the eight bytes of `word`, the highest first.
    mutating func appendBytes(of word: UInt64) {
        Swift.withUnsafeBytes(of: word.bigEndian) { append(contentsOf: $0) }
    }
}
