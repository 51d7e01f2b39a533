/// A name, and where in the document it stands.
package struct LocatedName: Hashable {
    package var name: String
    package var place: DocumentPlace

    package init(name: String, place: DocumentPlace) {
        self.name = name
        self.place = place
    }
}

/// The names of one kind that a document declares, and the places that refer to them.
///
/// A name may be used above its declaration, so references are looked at last.
package struct NameTable {
    /// What the user calls such a thing, such as `topic`.
    package let noun: String
    package private(set) var declared: [LocatedName] = []
    package private(set) var uses: [LocatedName] = []
    private var places: [String: DocumentPlace] = [:]

    /// An empty table of things that the user calls `noun`.
    package init(noun: String) {
        self.noun = noun
    }

    /// Adds a name, or notes that it stands there already.
    package mutating func declare(_ name: LocatedName, log: MistakeLog) {
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

    /// Adds a reference.
    package mutating func use(_ name: LocatedName) {
        uses.append(name)
    }

    /// Whether the document declares `name`.
    package func isDeclared(_ name: String) -> Bool { places[name] != nil }

    /// Notes every reference to something that is not there.
    package func checkUses(log: MistakeLog) {
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
