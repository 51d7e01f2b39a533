/// A JSON text of which single values are changed, and all else stays as it was written: numbers
/// to their last digit, keys in their order.
package indirect enum JSONTree: Sendable {
    case object([(key: String, value: JSONTree)])
    case array([JSONTree])
    /// A text, a number, `true`, `false` or `null`, as it was written.
    case scalar(String)

    /// The tree that `bytes` write.
    ///
    /// - Throws: A `RejectionReason` that tells where they are no JSON.
    package init(_ bytes: [UInt8]) throws(RejectionReason) {
        var failure: RejectionReason?
        var tree: JSONTree?
        bytes.withUnsafeBufferPointer { buffer in
            do throws(RejectionReason) {
                var reader = JSONReader(buffer)
                tree = try JSONTree(&reader, depth: 0)
                try reader.end()
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        self = tree ?? .scalar("null")
    }

    private init(_ reader: inout JSONReader, depth: Int) throws(RejectionReason) {
        let path = FieldPath("")
        if depth < JSONReader.nestingLimit, reader.isNext(UInt8(ascii: "{")) {
            try reader.open(UInt8(ascii: "{"), path)
            var members: [(key: String, value: JSONTree)] = []
            while let key = try reader.nextKey() {
                members.append((key.text, try JSONTree(&reader, depth: depth + 1)))
            }
            self = .object(members)
        } else if depth < JSONReader.nestingLimit, reader.isNext(UInt8(ascii: "[")) {
            try reader.open(UInt8(ascii: "["), path)
            var elements: [JSONTree] = []
            while try reader.nextElement() {
                elements.append(try JSONTree(&reader, depth: depth + 1))
            }
            self = .array(elements)
        } else {
            _ = reader.isNext(0)
            let start = reader.position
            try reader.skip(depth: depth)
            self = .scalar(reader.text(start..<reader.position))
        }
    }

    /// The text `text`, as JSON writes it.
    package init(text: String) {
        var bytes = [UInt8(ascii: "\"")]
        bytes.appendJSONEscaped(text)
        bytes.append(UInt8(ascii: "\""))
        self = .scalar(String(decoding: bytes, as: UTF8.self))
    }

    /// Whether it is a text.
    package var isText: Bool {
        if case .scalar(let text) = self { text.hasPrefix("\"") } else { false }
    }

    /// Whether it is an object.
    package var isObject: Bool {
        if case .object = self { true } else { false }
    }

    /// It as JSON, on one line.
    package var json: String {
        switch self {
        case .scalar(let text): return text
        case .array(let elements): return "[" + elements.map(\.json).joined(separator: ",") + "]"
        case .object(let members):
            let parts = members.map { JSONTree(text: $0.key).json + ":" + $0.value.json }
            return "{" + parts.joined(separator: ",") + "}"
        }
    }

    /// The same with the keys of every object in the order of their code points.
    var inKeyOrder: JSONTree {
        switch self {
        case .scalar: self
        case .array(let elements): .array(elements.map(\.inKeyOrder))
        case .object(let members):
            .object(
                members.map { ($0.key, $0.value.inKeyOrder) }.sorted {
                    $0.0.utf8.lexicographicallyPrecedes($1.0.utf8)
                }
            )
        }
    }

    /// What lies at `path`, of which each part is a key or the place of an element; nil where
    /// there is nothing.
    package subscript(path: ArraySlice<String>) -> JSONTree? {
        guard let name = path.first else { return self }
        switch self {
        case .object(let members):
            return members.first { JSONTree.isSame($0.key, name) }?.value[path.dropFirst()]
        case .array(let elements):
            guard let place = Int(name), elements.indices.contains(place) else { return nil }
            return elements[place][path.dropFirst()]
        case .scalar: return nil
        }
    }

    /// Puts `value` where `path` leads, in the place of what is there or behind what is beside it.
    ///
    /// - Returns: Why that cannot be, where it cannot.
    package mutating func set(_ path: ArraySlice<String>, _ value: JSONTree) -> String? {
        guard let name = path.first else {
            self = value
            return nil
        }
        let rest = path.dropFirst()
        switch self {
        case .object(var members):
            if let place = members.firstIndex(where: { JSONTree.isSame($0.key, name) }) {
                let problem = members[place].value.set(rest, value)
                self = .object(members)
                return problem
            }
            var new = JSONTree.object([])
            let problem = new.set(rest, value)
            self = .object(members + [(name, new)])
            return problem
        case .array(var elements):
            guard let place = Int(name), (0...elements.count).contains(place) else {
                return "\"\(name)\" is no place in an array of \(elements.count); expected 0 to "
                    + "\(elements.count)"
            }
            if place == elements.count { elements.append(.object([])) }
            let problem = elements[place].set(rest, value)
            self = .array(elements)
            return problem
        case .scalar(let text):
            return "\"\(name)\" cannot be set in \(text), which is no object"
        }
    }

    private static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.elementsEqual(right.utf8)
    }
}
