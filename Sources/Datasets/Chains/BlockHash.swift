internal import Digests

/// A SHA-256 (FIPS 180-4), as a catalogue keeps it: 32 bytes.
package struct BlockHash: Hashable, Sendable, CustomStringConvertible {
    /// Its bytes, first to last.
    package let bytes: [UInt8]

    /// The hash that these 32 bytes are; nil where they are more or fewer.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// The hash of `content`.
    package init(of content: CanonicalBytes) {
        bytes = SHA256Digest(of: content.bytes).bytes
    }

    /// 64 lower-case hexadecimal digits.
    package var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self
        )
    }
}

/// Values one behind the other in the one form that they are hashed in.
///
/// Numbers have eight bytes, the big end first; a text is its UTF-8 behind the count of its
/// bytes; what may be missing has a byte before it, 1 where it is there. So no two lists of
/// values of the same kinds have the same bytes.
package struct CanonicalBytes: Sendable {
    /// Everything that was appended.
    package private(set) var bytes: [UInt8] = []

    /// Nothing yet.
    package init() {}

    package mutating func append(_ value: Int64) {
        append(UInt64(bitPattern: value))
    }

    package mutating func append(_ value: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    package mutating func append(_ text: String) {
        append(Int64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    package mutating func append(_ hash: BlockHash?) {
        bytes.append(hash == nil ? 0 : 1)
        bytes.append(contentsOf: hash?.bytes ?? [])
    }

    package mutating func append(_ value: Int64?) {
        bytes.append(value == nil ? 0 : 1)
        if let value { append(value) }
    }
}
