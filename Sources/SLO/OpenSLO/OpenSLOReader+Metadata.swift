internal import Documents
internal import Timekeeping

extension OpenSLOReader {
    func readMetadata(_ reader: NodeReader, of kind: OpenSLO.Kind) -> OpenSLO.Metadata {
        guard let fields = reader.present(OpenSLOKeys.metadata) else { return OpenSLO.Metadata() }
        var metadata = OpenSLO.Metadata(
            name: fields["name"]?.dnsLabel(),
            displayName: fields["displayName"]?.prose(atMost: 63),
            labels: fields["labels"].map { readLabels($0) } ?? []
        )
        if let annotations = fields["annotations"] {
            metadata.annotations = readAnnotations(
                annotations,
                of: kind,
                into: &metadata.extensions
            )
        }
        return metadata
    }

    private func readLabels(_ reader: NodeReader) -> [OpenSLO.Label] {
        (reader.entries(expected: "labels") ?? []).compactMap { key, value in
            guard case .scalar(let name, _) = key.node.content else { return nil }
            if !Self.isQualifiedName(name) {
                key.mistake(
                    "'\(shortened(name))' is no key of a label; expected letters, digits, '-', "
                        + "'_' and '.', at most 63 of them, with a letter or digit at both ends"
                )
            }
            if case .list = value.node.content {
                return OpenSLO.Label(key: name, values: value.items().compactMap { labelText($0) })
            }
            return labelText(value).map { OpenSLO.Label(key: name, values: [$0]) }
        }
    }

    /// Labels may be empty; numbers need quotes.
    private func labelText(_ reader: NodeReader) -> String? {
        if reader.node.isNull { return "" }
        if case .scalar("", false) = reader.node.content { return "" }
        return reader.text(expected: "a text or a list of texts")
    }

    private func readAnnotations(
        _ reader: NodeReader,
        of kind: OpenSLO.Kind,
        into extensions: inout OpenSLO.Extensions
    ) -> [OpenSLO.Annotation] {
        var annotations: [OpenSLO.Annotation] = []
        for (key, value) in reader.entries(expected: "annotations") ?? [] {
            guard case .scalar(let name, _) = key.node.content else { continue }
            checkAnnotationKey(name, key)
            if name.hasPrefix(WeirAnnotation.prefix) {
                readExtension(name, key, value, of: kind, into: &extensions)
            }
            if case .scalar("", false) = value.node.content {
                annotations.append(OpenSLO.Annotation(key: name, value: ""))
            } else if let text = value.text() {
                annotations.append(OpenSLO.Annotation(key: name, value: text))
            }
        }
        return annotations
    }

    private func checkAnnotationKey(_ name: String, _ key: NodeReader) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isKey: Bool
        switch parts.count {
        case 1: isKey = Self.isQualifiedName(name)
        case 2: isKey = Self.isDNSSubdomain(parts[0]) && Self.isQualifiedName(parts[1])
        default: isKey = false
        }
        guard isKey else {
            key.mistake(
                "'\(shortened(name))' is no key of an annotation; expected a name of letters, "
                    + "digits, '-', '_' and '.', at most 63 of them, after a domain and '/' "
                    + "where it is somebody's own"
            )
            return
        }
        if parts.count == 2, parts[0] == "openslo.com" {
            log.warn(
                "the prefix openslo.com/ is reserved for OpenSLO itself; expected a domain of "
                    + "your own",
                at: key.node.place
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
