internal import Digests
internal import Timekeeping

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
