internal import Reports

/// Where something is in a document; both from 1, columns in Unicode scalars.
package struct DocumentPlace: Hashable, Sendable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// The first character of a document.
    package static let start = DocumentPlace(line: 1, column: 1)
}

/// One value of a YAML document with its place; aliases are followed already.
package struct DocumentNode: Sendable {
    /// The kinds of YAML value.
    package enum Content: Sendable {
        /// `isPlain` unless the text is quoted or a block.
        case scalar(text: String, isPlain: Bool)
        case list([DocumentNode])
        /// In the order of the document; a key that appears twice is here twice.
        case mapping([DocumentEntry])
        /// Something already reported as a mistake, such as an alias without an anchor.
        case unreadable
    }

    package var content: Content
    package var place: DocumentPlace
    /// Where the first character of a scalar is, if its text is written out as it is:
    /// on one line and without escapes.
    package var textPlace: DocumentPlace?
    /// How many values there are in it, itself included, with aliases followed.
    package var size: Int

    package init(
        content: Content,
        place: DocumentPlace,
        textPlace: DocumentPlace? = nil,
        size: Int
    ) {
        self.content = content
        self.place = place
        self.textPlace = textPlace
        self.size = size
    }

    /// What the node is, for messages: "… is a list; expected …".
    package var summary: String {
        switch content {
        case .list: "a list"
        case .mapping: "a mapping"
        case .unreadable: "unreadable"
        case .scalar(let text, let isPlain):
            if isNull {
                "empty"
            } else if isPlain && (isNumber || text == "true" || text == "false") {
                shortened(text)
            } else {
                "'\(shortened(text))'"
            }
        }
    }

    /// Whether nothing is there: `key:`, `~` or `null`.
    package var isNull: Bool {
        guard case .scalar(let text, true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// Whether YAML takes it for a number.
    package var isNumber: Bool {
        guard case .scalar(let text, true) = content else { return false }
        return text.first != nil && text.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) }
            && Double(text) != nil
    }
}

/// A key of a mapping and what follows it.
package struct DocumentEntry: Sendable {
    package var key: String
    package var place: DocumentPlace
    package var value: DocumentNode
}

/// The beginning of `text`, on one line and without secrets: enough to recognise it by in
/// a message.
package func shortened(_ text: String) -> String {
    let line = String(text.unicodeScalars.map { $0 == "\n" || $0 == "\r" ? " " : Character($0) })
    // Before it is cut, since half a URL no longer shows where its secrets are.
    return ReportText.printable(SecretText.masked(value: line), longest: 40)
}
