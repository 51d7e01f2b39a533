/// A name, and where in the document it stands.
struct LocatedName: Hashable {
    var name: String
    var place: DocumentPlace
}

/// The names of one kind that a document declares, and the places that refer to them.
///
/// A name may be used above its declaration, so references are looked at last.
struct NameTable {
    /// What the user calls such a thing, such as `topic`.
    let noun: String
    private(set) var declared: [LocatedName] = []
    private(set) var uses: [LocatedName] = []
    private var places: [String: DocumentPlace] = [:]

    init(noun: String) {
        self.noun = noun
    }

    mutating func declare(_ name: LocatedName, log: MistakeLog) {
        if let earlier = places[name.name] {
            log.add(
                "the \(noun) '\(name.name)' is declared a second time, after line "
                    + "\(earlier.line); expected another name",
                at: name.place
            )
            return
        }
        places[name.name] = name.place
        declared.append(name)
    }

    mutating func use(_ name: LocatedName) {
        uses.append(name)
    }

    func isDeclared(_ name: String) -> Bool { places[name] != nil }

    /// Notes every reference to something that is not there.
    func checkUses(log: MistakeLog) {
        // Enough to suggest from; a file of ten thousand names must not take minutes.
        let known = declared.prefix(500).map(\.name)
        for use in uses where !isDeclared(use.name) {
            log.add(
                "there is no \(noun) '\(use.name)'; \(suggestion(for: use.name, from: known))",
                at: use.place
            )
        }
    }
}
