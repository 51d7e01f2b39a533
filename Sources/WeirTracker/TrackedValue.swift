/// A value of a tracked event.
public enum TrackedValue: Hashable, Sendable {
    case string(String)
    case integer(Int64)
    /// A number by its digits, such as `"19.99"`, which are sent as they are written.
    ///
    /// A text that is no number of JSON is sent as a text.
    case decimal(String)
    case boolean(Bool)

    /// Reads a value as people type it: a number or a boolean of JSON is one, anything else is a
    /// text.
    public init(text: String) {
        switch text {
        case "true": self = .boolean(true)
        case "false": self = .boolean(false)
        default:
            guard TrackedValue.isNumber(text) else {
                self = .string(text)
                return
            }
            let isWhole = text.utf8.allSatisfy { (48...57).contains($0) || $0 == 45 }
            let integer = isWhole && text != "-0" ? Int64(text) : nil
            self = integer.map(TrackedValue.integer) ?? .decimal(text)
        }
    }

    /// Whether `text` is a number of JSON.
    static func isNumber(_ text: String) -> Bool {
        text.wholeMatch(of: #/-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/#) != nil
    }

    /// Appends it as JSON.
    func append(to json: inout [UInt8]) {
        switch self {
        case .string(let text): json.append(text: text)
        case .integer(let integer): json += Array(String(integer).utf8)
        case .decimal(let digits) where TrackedValue.isNumber(digits): json += Array(digits.utf8)
        case .decimal(let text): json.append(text: text)
        case .boolean(let isTrue): json += Array((isTrue ? "true" : "false").utf8)
        }
    }
}

extension TrackedValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
}

extension TrackedValue: ExpressibleByIntegerLiteral {
    /// A whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }
}

extension TrackedValue: ExpressibleByFloatLiteral {
    /// A number with the fewest digits that tell it from others; ``decimal(_:)`` takes any digits.
    public init(floatLiteral value: Double) { self = .decimal("\(value)") }
}

extension TrackedValue: ExpressibleByBooleanLiteral {
    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
}

extension [UInt8] {
    /// Appends `text` as a string of JSON.
    mutating func append(text: String) {
        append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case ..<32:
                let digits = String(byte, radix: 16)
                self += Array("\\u00\(digits.count == 1 ? "0" : "")\(digits)".utf8)
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }
}
