internal import Digests
internal import Timekeeping

/// Gives the events of a log that has no ids of its own an id: by what their rows say and how
/// often rows have said the same before, whatever the file is called and wherever they are.
///
/// Occurrences are counted by fingerprints of 64 bits, in bounded memory: after ``capacity``
/// different contents the count begins anew, and the number of the segment becomes part of the
/// id. A row that comes before others and is taken out later so changes ids only in a log of
/// more rows than that.
struct RowIdentity: Sendable {
    /// How many different contents are remembered at once: about 20 MB.
    static let capacity = 1 << 20

    private let capacity: Int
    private var seen: Set<UInt64> = []
    /// How often those came that came more than once.
    private var occurrences: [UInt64: UInt64] = [:]
    private var segment: UInt64 = 0

    init(capacity: Int = RowIdentity.capacity) {
        self.capacity = capacity
    }

    /// The id of the event at `time` that `bytes` describe.
    ///
    /// A UUID of version 8 (RFC 9562): it sorts by the milliseconds of the time, as ids of
    /// version 7 do, and has 74 bits of the digest after them.
    mutating func id(of bytes: some Sequence<UInt8>, at time: Timestamp) -> EventID {
        let content = SHA256Digest(of: Array(bytes))
        var named = Array("weir.row".utf8) + content.bytes
        for number in [occurrence(of: content.first), segment] {
            named += (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
        let digest = SHA256Digest(of: named)
        if seen.count >= capacity {
            seen.removeAll(keepingCapacity: true)
            occurrences.removeAll(keepingCapacity: true)
            segment += 1
        }
        return EventID(
            high: time.millisecondsForID << 16 | 0x8000 | digest.first & 0xfff,
            low: digest.second & ~(0b11 << 62) | 0b10 << 62
        )
    }

    private mutating func occurrence(of fingerprint: UInt64) -> UInt64 {
        guard !seen.insert(fingerprint).inserted else { return 1 }
        occurrences[fingerprint, default: 1] += 1
        return occurrences[fingerprint, default: 1]
    }
}

extension Symbol {
    /// The order of an event that has none but its own `id`: 59 bits of it, as a number.
    init(orderOf id: EventID) {
        self.init(number: max(1, id.low & (1 << 59 - 1)))
    }
}

/// The last keys that were met, as fingerprints of 64 bits, in bounded memory.
///
/// It remembers at least the last ``capacity`` keys and at most twice as many.
struct RecentKeys: Sendable {
    private let capacity: Int
    private var young: Set<UInt64> = []
    private var old: Set<UInt64> = []

    init(capacity: Int = 1 << 18) {
        self.capacity = capacity
    }

    func contains(_ key: UInt64) -> Bool {
        young.contains(key) || old.contains(key)
    }

    mutating func insert(_ key: UInt64) {
        young.insert(key)
        if young.count >= capacity {
            (old, young) = (young, [])
        }
    }
}
