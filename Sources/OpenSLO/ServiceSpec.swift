internal import Documents

/// The spec of a Service.
struct ServiceSpec: DocumentSpec {
    static let kind = DocumentKind.service
    static var catalog: KeyPath<DocumentSet, Catalog<ServiceSpec>> { \.services }

    private static let keys = KeySet(
        "service",
        noun: "a Service's spec",
        optional: ["description"]
    )

    init(_ reader: NodeReader?) {
        _ = reader?.present(Self.keys)?.description
    }

    /// The team that owns the service of this name, where its document says so.
    static func owner(of name: Located<String>, in set: DocumentSet) -> String? {
        // OpenSLO leaves it open whether the name has to be a document's. Where there are any,
        // a name that is none of theirs is misspelt.
        guard !set.services.isEmpty else { return nil }
        return set.services.find(name, in: set)?.metadata.annotations.owner?.value
    }
}
