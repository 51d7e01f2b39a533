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
                PostgreSQLWarehouse.decode(row.bytes(0))
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
            decode(row.bytes(0))
        }
        let capacity = SketchKey.capacity(key.grain, ofOneCategory: !key.category.isEmpty)
        return DistinctSketch(capacity: capacity, values: parts.joined()).values
    }

    /// The sketches of `commit` that have gained so many parts that they are due to be merged.
    func sketchesToMerge(_ commit: WarehouseCommit) -> [SketchText] {
        parts.withLock { parts in
            if parts.count > 100_000 { parts = [:] }
            var due: [SketchText] = []
            for (key, _) in commit.sketches {
                let text = SketchText(key, commit.lexicon)
                let count = parts[text, default: 0] + 1
                parts[text] = count < PostgreSQLWarehouse.mergedParts ? count : nil
                if count >= PostgreSQLWarehouse.mergedParts { due.append(text) }
            }
            return due
        }
    }

    static func decode(_ part: [UInt8]) -> [UInt64] {
        stride(from: 0, to: part.count - part.count % 8, by: 8).map { start in
            part[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    private static func parameters(_ key: SketchText) -> [Parameter] {
        [
            .text(key.grain.rawValue), .integer(key.start.nanoseconds),
            .text(key.measure.rawValue), .text(key.category),
        ]
    }
}
