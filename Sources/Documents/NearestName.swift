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
