/// What is read out of a tree: members, elements and values, as they were written.
extension JSONTree {
    /// The tree that the body of a request writes, which must be UTF-8 as well.
    ///
    /// - Throws: A `RejectionReason` that tells where it is no JSON.
    package init(body bytes: [UInt8]) throws(RejectionReason) {
        if let rejection = bytes.withUnsafeBufferPointer(RejectionReason.inText) {
            throw rejection
        }
        try self.init(bytes)
    }

    /// The members of an object in their order; none where it is no object.
    package var members: [(key: String, value: JSONTree)] {
        if case .object(let members) = self { members } else { [] }
    }

    /// The elements of an array; nil where it is no array.
    package var elements: [JSONTree]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// Whether it is `null`, which means the same as leaving it out.
    package var isNull: Bool { literal == "null" }

    /// A text, a number, `true`, `false` or `null`, as it was written; nil for all else.
    package var literal: String? {
        if case .scalar(let literal) = self { literal } else { nil }
    }

    /// The characters of a text; nil where it is no text.
    package var text: String? {
        guard let literal, literal.hasPrefix("\"") else { return nil }
        guard literal.utf8.contains(UInt8(ascii: "\\")) else {
            return String(literal.dropFirst().dropLast())
        }
        return Array(literal.utf8).withUnsafeBufferPointer { bytes in
            var reader = JSONReader(bytes)
            do throws(RejectionReason) {
                return try reader.string(FieldPath(""))
            } catch {
                return nil  // No tree has such a literal: it was read before.
            }
        }
    }

    /// A number as it was written; nil where it is none.
    package var number: String? {
        guard let literal, let first = literal.utf8.first,
            first == UInt8(ascii: "-") || (48...57).contains(first)
        else { return nil }
        return literal
    }

    /// The first member called `name`; nil where there is none, or it is `null`.
    package subscript(name: String) -> JSONTree? {
        guard case .object(let members) = self,
            let value = members.first(where: { $0.key.utf8.elementsEqual(name.utf8) })?.value,
            !value.isNull
        else { return nil }
        return value
    }
}
