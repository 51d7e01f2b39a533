/// A name, and where in the document it is.
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
/// A name may be used above its declaration, so references are checked last.
package struct NameTable {
    /// The noun for such a thing in messages, such as `topic`.
    package let noun: String
    package private(set) var declared: [LocatedName] = []
    package private(set) var uses: [LocatedName] = []
    private var places: [String: DocumentPlace] = [:]

    /// An empty table; messages call such a thing `noun`.
    package init(noun: String) {
        self.noun = noun
    }

    /// Adds a name, or reports that it is declared already.
    package mutating func declare(_ name: LocatedName, log: MistakeLog) {
        if let earlier = places[name.name] {
            log.add(
                "the \(noun) '\(name.name)' is declared twice, first on line "
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
        // Enough for suggestions; a file of ten thousand names must not take minutes.
        let known = declared.prefix(500).map(\.name)
        for use in uses where !isDeclared(use.name) {
            log.add(
                "there is no \(noun) '\(use.name)'; \(suggestion(for: use.name, from: known))",
                at: use.place
            )
        }
    }
}
