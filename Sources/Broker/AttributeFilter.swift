/// Which messages of a topic a subscription takes: the filter syntax of Google Pub/Sub.
///
/// `attributes.type = "purchase"`, `!=`, `attributes:user` (the attribute is there),
/// `hasPrefix(attributes.subject, "o")`, joined by `AND`, `OR`, `NOT` (or `-`) and parentheses.
/// As in Pub/Sub, `AND` and `OR` side by side need parentheses, so that no one has to guess which
/// comes first, and an empty filter takes every message. Texts are compared by their bytes.
package indirect enum AttributeFilter: Hashable, Sendable {
    /// The attribute is there, whatever its value.
    case present(String)
    case equal(String, String)
    case hasPrefix(String, String)
    case not(AttributeFilter)
    /// All of them; at least two.
    case all([AttributeFilter])
    /// Any of them; at least two.
    case any([AttributeFilter])

    /// The filter that `text` writes down.
    ///
    /// - Parameters:
    ///   - text: In Pub/Sub's syntax.
    ///   - attributes: The names that messages have; nil if they may have any.
    /// - Throws: ``AttributeFilterError`` with the column of the first mistake.
    package init(
        parsing text: String,
        attributes: [String]? = nil
    ) throws(AttributeFilterError) {
        var parser = AttributeFilterParser(text, attributes: attributes)
        self = try parser.parse()
    }

    /// Whether `text` writes down the filter of nothing, which takes every message.
    package static func isEmpty(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy(\.properties.isWhitespace)
    }

    /// Whether a message passes whose attributes `attribute` looks up by name (nil for none).
    ///
    /// An attribute that is missing equals nothing, so `!=` holds for it.
    package func evaluate(_ attribute: (String) -> String?) -> Bool {
        switch self {
        case .present(let key): attribute(key) != nil
        case .equal(let key, let value): attribute(key)?.utf8.elementsEqual(value.utf8) == true
        case .hasPrefix(let key, let prefix): attribute(key)?.utf8.starts(with: prefix.utf8) == true
        case .not(let filter): !filter.evaluate(attribute)
        case .all(let filters): filters.allSatisfy { $0.evaluate(attribute) }
        case .any(let filters): filters.contains { $0.evaluate(attribute) }
        }
    }
}

extension AttributeFilter: CustomStringConvertible {
    /// The filter in Pub/Sub's syntax; reading it again gives an equal filter.
    package var description: String {
        switch self {
        case .present(let key): "attributes:\(Self.name(key))"
        case .equal(let key, let value): "attributes.\(Self.name(key)) = \(Self.quoted(value))"
        case .not(.equal(let key, let value)):
            "attributes.\(Self.name(key)) != \(Self.quoted(value))"
        case .hasPrefix(let key, let prefix):
            "hasPrefix(attributes.\(Self.name(key)), \(Self.quoted(prefix)))"
        case .not(let filter): "NOT \(filter.operand)"
        case .all(let filters): filters.map(\.operand).joined(separator: " AND ")
        case .any(let filters): filters.map(\.operand).joined(separator: " OR ")
        }
    }

    private var operand: String {
        switch self {
        case .all, .any: "(\(description))"
        case .present, .equal, .hasPrefix, .not: description
        }
    }

    private static func name(_ key: String) -> String {
        key.unicodeScalars.allSatisfy(AttributeFilterParser.isWordPart) ? key : quoted(key)
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" {
                result.unicodeScalars.append("\\")
            }
            result.unicodeScalars.append(scalar)
        }
        return result + "\""
    }
}

/// A filter that cannot be read.
package struct AttributeFilterError: Error, Hashable, CustomStringConvertible {
    /// From 1, in Unicode scalars.
    package var column: Int
    /// What is wrong; what was expected.
    package var message: String

    package init(column: Int, message: String) {
        self.column = column
        self.message = message
    }

    /// `column: message`.
    package var description: String { "\(column): \(message)" }
}
