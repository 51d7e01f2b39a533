/// What stands behind the question mark of an address.
package enum QueryFields {
    /// The fields that `query` writes, as forms do, in their order; nil where it cannot be read.
    package static func fields(of query: String) -> [(name: String, value: String)]? {
        var fields: [(name: String, value: String)] = []
        for part in query.utf8.split(separator: UInt8(ascii: "&")) {
            let sign = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            guard let name = decoded(part[..<sign]), let value = decoded(part[sign...].dropFirst())
            else { return nil }
            fields.append((name, value))
        }
        return fields
    }

    private static func decoded(_ text: Substring.UTF8View) -> String? {
        let spaced = text.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
        return PercentEncoding.decoded(spaced)
    }
}

/// The percent-encoding of RFC 3986.
package enum PercentEncoding {
    /// The text that `bytes` write, decoded once; nil where a sign is cut off or wrong, or where
    /// the result is not UTF-8.
    package static func decoded(_ encoded: some Collection<UInt8>) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encoded.count)
        var rest = encoded[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit),
                let low = rest.popFirst().flatMap(digit)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
