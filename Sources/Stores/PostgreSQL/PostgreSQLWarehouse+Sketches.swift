internal import Commerce
package import Stages
internal import Synchronization
internal import Timekeeping

/// Sketches are stored as what each commit adds to them: a part is a run of 64-bit hashes, little
/// end first.
extension PostgreSQLWarehouse {
    package func sketch(_ key: SketchText) async throws(StoreError) -> [UInt64] {
        let parts = try await lookups.run { line throws(StoreError) in
            try line.query(WarehouseStatement.sketch, PostgreSQLWarehouse.parameters(key)) { row in
                row.numbers(0)
            }
        }
        return parts.flatMap { $0 }
    }

    /// Takes the parts of a sketch out of the database, to be put back as one.
    static func takeParts(
        of key: SketchText,
        _ line: PostgreSQLLine
    ) throws(StoreError) -> [UInt64] {
        let parts = try line.query(WarehouseStatement.takeSketch, parameters(key)) { row in
            row.numbers(0)
        }
        let hashes = parts.flatMap { $0 }
        let capacity = SketchKey.capacity(key.grain, ofOneCategory: !key.category.isEmpty)
        // What a sketch would drop or order costs more than the bytes it would save.
        guard hashes.count > capacity else { return hashes }
        return DistinctSketch(capacity: capacity, values: hashes).values
    }

    /// The sketches of `commit` that have gained so many parts that they are due to be merged.
    func sketchesToMerge(_ commit: WarehouseCommit) -> [SketchText] {
        let mergedParts = PostgreSQLWarehouse.mergedParts
        return parts.withLock { parts in
            if parts.count > 100_000 { parts = [:] }
            var due: [SketchText] = []
            for (key, _) in commit.sketches {
                let text = SketchText(key, commit.lexicon)
                // Not all from zero, or all that came at once would be merged at once.
                let count = parts[text, default: parts.count % (mergedParts / 2)] + 1
                parts[text] = count < mergedParts ? count : nil
                if count >= mergedParts { due.append(text) }
            }
            return due
        }
    }

    private static func parameters(_ key: SketchText) -> [Parameter] {
        [
            .text(key.grain.rawValue), .integer(key.start.nanoseconds),
            .text(key.measure.rawValue), .text(KeyText.stored(key.category)),
        ]
    }
}
