internal import Documents

/// What a kind of document says beside its metadata.
///
/// A part that cannot be read is noted as a mistake and is nil or absent, so that the rest of the
/// document, and all that refers to it, is looked at all the same.
protocol DocumentSpec {
    static var kind: DocumentKind { get }
    /// Where documents of this kind are kept.
    static var catalog: KeyPath<DocumentSet, Catalog<Self>> { get }

    /// What `reader` says; nothing where the document has no spec.
    init(_ reader: NodeReader?)
}

/// What a document may be.
enum DocumentKind: String, CaseIterable {
    case service = "Service"
    case dataSource = "DataSource"
    case indicator = "SLI"
    case objective = "SLO"
    case alertPolicy = "AlertPolicy"
    case alertCondition = "AlertCondition"
    case alertNotificationTarget = "AlertNotificationTarget"

    /// The kind with its article, for messages.
    var noun: String {
        switch self {
        case .service, .dataSource: "a \(rawValue)"
        default: "an \(rawValue)"
        }
    }
}

/// A document, or a part of another one that could be a document.
struct Document<Spec: DocumentSpec> {
    var metadata: Metadata
    var spec: Spec

    /// The document with these fields, `metadata` and `spec`; what cannot be read is absent.
    init(_ fields: FieldReader) {
        metadata = fields["metadata"].map { Metadata($0, of: Spec.kind) } ?? Metadata()
        spec = Spec(fields["spec"])
    }
}

/// A document that stands where it is used, or elsewhere under a name.
enum Use<Spec: DocumentSpec> {
    case inline(Document<Spec>)
    case reference(Located<String>)

    var isInline: Bool { if case .inline = self { true } else { false } }

    /// An item of a list that is a document in place, or under `key` the name of one.
    init?(_ reader: NodeReader, orName key: String) {
        let noun = Spec.kind.noun
        let keys = KeySet(
            key,
            noun: "\(noun) in place, or a reference to one,",
            optional: [key, "kind", "metadata", "spec"]
        )
        guard let fields = reader.present(keys) else { return nil }
        if let name = fields[key] {
            for other in ["kind", "metadata", "spec"] {
                fields[other]?.mistake(
                    "'\(other)' cannot be given beside '\(key)'; expected either a reference or "
                        + "\(noun) in place"
                )
            }
            guard let name = name.dnsLabel() else { return nil }
            self = .reference(name)
            return
        }
        guard fields["kind"] != nil || fields["metadata"] != nil || fields["spec"] != nil else {
            reader.mistake(
                "\(noun) is expected here, in place (kind, metadata, spec) or as a "
                    + "reference ('\(key)')"
            )
            return nil
        }
        for key in ["kind", "metadata", "spec"] where fields[key] == nil {
            reader.mistake("\(noun) in place needs the key '\(key)'")
        }
        _ = fields["kind"]?.choice(from: [(Spec.kind.rawValue, ())])
        self = .inline(Document(fields))
    }
}

/// The documents of one kind, in the order of the files, and by their names.
final class Catalog<Spec: DocumentSpec> {
    private(set) var documents: [Document<Spec>] = []
    private var byName: [String: Document<Spec>] = [:]
    /// In the order of the documents.
    private var names: [Located<String>] = []
    private var used: Set<String> = []

    var isEmpty: Bool { byName.isEmpty }

    /// Adds a document; of two with one name the second is a mistake.
    func add(_ document: Document<Spec>, to set: DocumentSet) {
        documents.append(document)
        guard let name = document.metadata.name else { return }
        if let earlier = byName[name.value]?.metadata.name {
            return set.mistake(
                "the \(Spec.kind.rawValue) '\(name.value)' is declared a second time, after "
                    + "\(earlier.site); expected another name",
                at: name.site
            )
        }
        byName[name.value] = document
        names.append(name)
    }

    /// The document of this name, or nil (with a mistake) where there is none.
    func find(_ name: Located<String>, in set: DocumentSet) -> Document<Spec>? {
        if let document = byName[name.value] {
            used.insert(name.value)
            return document
        }
        set.mistake(
            "there is no \(Spec.kind.rawValue) '\(name.value)'; "
                + suggestion(for: name.value, from: names.prefix(500).map(\.value)),
            at: name.site
        )
        return nil
    }

    /// Those that nothing has referred to so far.
    var unused: [Located<String>] { names.filter { !used.contains($0.value) } }
}
