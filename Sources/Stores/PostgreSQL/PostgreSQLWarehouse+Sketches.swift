internal import Commerce
package import Stages
internal import Timekeeping

/// Sketches are stored as what each commit adds to them: a part is a run of 64-bit hashes, little
/// end first.
extension PostgreSQLWarehouse {
    package func sketch(_ key: SketchText) async throws(StoreError) -> [UInt64] {
        let parts = try await lookups.run { line throws(StoreError) in
            try line.query(
                WarehouseStatement.sketch,
                PostgreSQLWarehouse.parameters(key)
            ) { row throws(StoreError) in
                try row.numbers(4)
            }
        }
        return parts.flatMap { $0 }
    }

    /// Makes the parts of each of these sketches one, with fewer hashes where there are far more
    /// than it counts with.
    ///
    /// What fails stays in its parts, as good as before, and is merged when it is due again.
    func merge(_ sketches: [SketchText]) async {
        guard !sketches.isEmpty else { return }
        try? await lookups.run { line throws(StoreError) in
            try line.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            for key in sketches {
                let lengths = try line.query(
                    WarehouseStatement.mergeSketch,
                    PostgreSQLWarehouse.parameters(key)
                ) { row throws(StoreError) in Int(try row.integer(0)) / 8 }
                let capacity = SketchKey.capacity(key.grain, ofOneCategory: !key.category.isEmpty)
                if let length = lengths.first, length > 2 * capacity {
                    try PostgreSQLWarehouse.cut(key, to: capacity, line)
                }
            }
            try line.execute("COMMIT")
        }
    }

    private static func cut(
        _ key: SketchText,
        to capacity: Int,
        _ line: PostgreSQLLine
    ) throws(StoreError) {
        let parts = try line.query(
            WarehouseStatement.takeSketch,
            parameters(key)
        ) { row throws(StoreError) in
            try row.numbers(4)
        }
        let fewer = DistinctSketch(capacity: capacity, values: Array(parts.joined())).values
        let step = CommitRows.step([(key, fewer)])
        try line.execute("COPY \(step.table) FROM STDIN (FORMAT binary)", copying: [step.rows])
    }

    private static func parameters(_ key: SketchText) -> [Parameter] {
        [
            .text(key.grain.rawValue), .integer(key.start.nanoseconds),
            .text(key.measure.rawValue), .text(KeyText.stored(key.category)),
        ]
    }
}
