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

/// The known name that `name` was probably meant to be, or nil if none is close.
///
/// Close is an edit distance (Levenshtein's, with a swap of neighbours as one edit) of at most 2,
/// and of at most half the longer name, so that `id` is not suggested for every short word. Case
/// counts for nothing. Of equally close names the first one wins.
package func nearestName(to name: String, in known: some Sequence<String>) -> String? {
    let wanted = Array(name.lowercased().utf8)
    var best: (name: String, distance: Int)?
    for candidate in known {
        let letters = Array(candidate.lowercased().utf8)
        let limit = min(2, max(wanted.count, letters.count) / 2, (best?.distance ?? 3) - 1)
        guard limit >= 0, abs(wanted.count - letters.count) <= limit else { continue }
        let distance = editDistance(wanted, letters)
        if distance <= limit {
            best = (candidate, distance)
        }
    }
    return best?.name
}

/// The suggestion that ends an error text: `; did you mean "…"?`, or nothing.
package func suggestion(for name: String, in known: some Sequence<String>) -> String {
    nearestName(to: name, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
}

/// How many insertions, deletions and replacements of a byte, and swaps of two neighbours, turn
/// `left` into `right` (optimal string alignment).
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for leftIndex in left.indices {
        var row = [leftIndex + 1]
        for rightIndex in right.indices {
            let isSame = left[leftIndex] == right[rightIndex]
            var distance = min(
                last[rightIndex] + (isSame ? 0 : 1),
                last[rightIndex + 1] + 1,
                row[rightIndex] + 1
            )
            if leftIndex > 0, rightIndex > 0, left[leftIndex] == right[rightIndex - 1],
                left[leftIndex - 1] == right[rightIndex]
            {
                distance = min(distance, beforeLast[rightIndex - 1] + 1)
            }
            row.append(distance)
        }
        beforeLast = last
        last = row
    }
    return last[right.count]
}
