internal import Documents

/// The documents of one kind by their names, to which others refer.
struct NameIndex<Spec: Sendable> {
    private let kind: OpenSLO.Kind
    private var byName: [String: OpenSLO.Object<Spec>] = [:]
    /// In the order of the documents.
    private var names: [OpenSLO.Located<String>] = []
    private var used: Set<String> = []

    /// Enters `objects`; of two with one name the second is a mistake.
    init(
        _ objects: [OpenSLO.Object<Spec>],
        of kind: OpenSLO.Kind,
        mistakes: inout [Mistake]
    ) {
        self.kind = kind
        for object in objects {
            guard let name = object.metadata.name else { continue }
            if let earlier = byName[name.value]?.metadata.name {
                mistakes.append(
                    name.site.mistake(
                        "the \(kind.rawValue) '\(name.value)' is declared a second time, after "
                            + "\(earlier.site); expected another name"
                    )
                )
                continue
            }
            byName[name.value] = object
            names.append(name)
        }
    }

    var isEmpty: Bool { byName.isEmpty }

    /// The object that `use` means, or nil (with a mistake) where there is none.
    mutating func resolve(
        _ use: OpenSLO.Use<Spec>,
        mistakes: inout [Mistake]
    ) -> OpenSLO.Object<Spec>? {
        switch use {
        case .inline(let object): object
        case .reference(let name): resolve(name, mistakes: &mistakes)
        }
    }

    /// The object of this name, or nil (with a mistake) where there is none.
    mutating func resolve(
        _ name: OpenSLO.Located<String>,
        mistakes: inout [Mistake]
    ) -> OpenSLO.Object<Spec>? {
        if let object = byName[name.value] {
            used.insert(name.value)
            return object
        }
        mistakes.append(
            name.site.mistake(
                "there is no \(kind.rawValue) '\(name.value)'; "
                    + suggestion(for: name.value, from: names.prefix(500).map(\.value))
            )
        )
        return nil
    }

    /// Those that nothing has referred to so far.
    var unused: [OpenSLO.Located<String>] { names.filter { !used.contains($0.value) } }
}
