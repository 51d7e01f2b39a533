internal import SQLStores
internal import Timekeeping

/// A value of PostgreSQL's type uuid.
package struct Identifier: Hashable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    func append(to bytes: inout [UInt8]) {
        bytes.append(bigEndian: high)
        bytes.append(bigEndian: low)
    }

    /// The value of a parameter that is one.
    var value: SQLValue {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return .bytes(bytes)
    }
}

extension SQLValue {
    /// The value of a parameter of the type `uuid[]`.
    init(array identifiers: [Identifier]) {
        var bytes: [UInt8] = []
        // One dimension, no NULLs, of uuid (whose number is 2950), counted from 1.
        for number in [1, 0, 2950, Int32(identifiers.count), 1] as [Int32] {
            bytes.append(bigEndian: number)
        }
        for identifier in identifiers {
            bytes.append(bigEndian: Int32(16))
            identifier.append(to: &bytes)
        }
        self = .bytes(bytes)
    }
}

/// Texts that are part of a key: an index of PostgreSQL takes 2,700 bytes at most.
package enum KeyText {
    /// The longest text that is stored as it is, in bytes; a key has up to three.
    package static let longest = 800

    /// `text`, or where it is too long its beginning with a hash (FNV-1a) of all of it.
    package static func stored(_ text: String) -> String {
        guard text.utf8.count > longest else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: longest - 30)
        while end.samePosition(in: text.unicodeScalars) == nil {
            end = text.utf8.index(before: end)
        }
        return "\(text[..<end])…\(String(fnv1a(text.utf8), radix: 16))"
    }
}
