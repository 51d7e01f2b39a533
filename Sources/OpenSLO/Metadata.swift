internal import Documents

/// What every document says of itself.
struct Metadata {
    /// Lower-case letters, digits and hyphens: a DNS label (RFC 1123).
    var name: Located<String>?
    var displayName: String?
    /// What the annotations under this program's own prefix say.
    var annotations = WeirAnnotations()

    private static let keys = KeySet(
        "metadata",
        noun: "the metadata",
        required: ["name"],
        optional: ["displayName", "labels", "annotations"]
    )

    init() {}

    init(_ reader: NodeReader, of kind: DocumentKind) {
        guard let fields = reader.present(Self.keys) else { return }
        name = fields["name"]?.dnsLabel()
        displayName = fields["displayName"]?.prose(atMost: 63)
        for (key, value) in fields["labels"]?.entries(expected: "labels") ?? [] {
            Self.checkLabel(key, value)
        }
        for (key, value) in fields["annotations"]?.entries(expected: "annotations") ?? [] {
            guard case .scalar(let name, _) = key.node.content else { continue }
            Self.checkAnnotation(name, key)
            if name.hasPrefix(WeirAnnotations.prefix) {
                annotations.read(name, key, value, of: kind)
            }
            if !value.isEmptyText { _ = value.text() }
        }
    }

    private static func checkLabel(_ key: NodeReader, _ value: NodeReader) {
        guard case .scalar(let name, _) = key.node.content else { return }
        if !isQualifiedName(name) {
            key.mistake(
                "'\(shortened(name))' is not a label key; expected letters, digits, '-', "
                    + "'_' and '.', at most 63 of them, with a letter or digit at both ends"
            )
        }
        var texts = [value]
        if case .list = value.node.content { texts = value.items() }
        // Labels may be empty; numbers need quotes.
        for text in texts where !text.node.isNull && !text.isEmptyText {
            _ = text.text(expected: "a text or a list of texts")
        }
    }

    private static func checkAnnotation(_ name: String, _ key: NodeReader) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isKey: Bool
        switch parts.count {
        case 1: isKey = isQualifiedName(name)
        case 2: isKey = isDNSSubdomain(parts[0]) && isQualifiedName(parts[1])
        default: isKey = false
        }
        guard isKey else {
            key.mistake(
                "'\(shortened(name))' is not an annotation key; expected a name of letters, "
                    + "digits, '-', '_' and '.', at most 63 of them, optionally after "
                    + "a domain and '/'"
            )
            return
        }
        if parts.count == 2, parts[0] == "openslo.com" {
            key.warn(
                "the prefix openslo.com/ is reserved for OpenSLO itself; expected a domain of "
                    + "your own"
            )
        }
    }

    /// Letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.
    private static func isQualifiedName(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        func isEnd(_ byte: UInt8) -> Bool {
            (97...122).contains(byte | 0x20) || (48...57).contains(byte)
        }
        return (1...63).contains(bytes.count)
            && bytes.allSatisfy { isEnd($0) || "-_.".utf8.contains($0) }
            && isEnd(bytes[0]) && isEnd(bytes[bytes.count - 1])
    }

    private static func isDNSSubdomain(_ text: some StringProtocol) -> Bool {
        text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false)
                .allSatisfy { NodeReader.isDNSLabel(String($0)) }
    }
}
