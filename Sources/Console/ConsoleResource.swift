/// A path of a console that is answered in time of its own: from a store, or by a run.
package struct ConsoleResource: Sendable {
    /// The names and values of the query of a request, in their order.
    package typealias Fields = [(name: String, value: String)]

    /// Without a query.
    package let path: String
    /// Whether asking changes something: it is asked by POST then, and not from a page of another
    /// origin.
    package let isChange: Bool
    package let answer: @Sendable (Fields) async -> ConsoleAnswer

    package init(
        _ path: String,
        isChange: Bool = false,
        answer: @escaping @Sendable (Fields) async -> ConsoleAnswer
    ) {
        self.path = path
        self.isChange = isChange
        self.answer = answer
    }

    var methods: [String] { isChange ? ["POST"] : ["GET", "HEAD"] }

    /// The fields that `query` writes, as forms do; nil where it cannot be read.
    package static func fields(of query: String) -> Fields? {
        var fields: Fields = []
        for part in query.utf8.split(separator: UInt8(ascii: "&")) {
            let sign = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            guard let name = decoded(part[..<sign]), let value = decoded(part[sign...].dropFirst())
            else { return nil }
            fields.append((name, value))
        }
        return fields
    }

    private static func decoded(_ text: Substring.UTF8View) -> String? {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard rest.count >= 2,
                    let digits = String(validating: rest.prefix(2), as: UTF8.self),
                    digits.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                    let value = UInt8(digits, radix: 16)
                else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
