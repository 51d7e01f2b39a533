internal import Foundation
internal import GRDB
internal import Stages
internal import Timekeeping

/// Sketches are stored as what each commit adds to them: a part is a run of 64-bit hashes, little
/// end first.
extension SQLiteWarehouse {
    static func hashes(of key: SketchText, in database: Database) throws -> [UInt64] {
        try RowReader(
            database,
            StoredTable("distinct_hashes", keys: 1),
            """
            SELECT part, hashes FROM distinct_hashes
            WHERE grain = ? AND start_ns = ? AND measure = ? AND category = ?
            """,
            arguments(key)
        ).map { try $0.hashes(1) }.flatMap { $0 }
    }

    static func insert(
        _ hashes: [UInt64],
        for key: SketchText,
        into database: Database
    ) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO distinct_hashes (grain, start_ns, measure, category, hashes)
                VALUES (?, ?, ?, ?, ?)
                """
        ).execute(arguments: arguments(key) + [encode(hashes)])
    }

    /// Replaces the parts of a sketch by one.
    static func merge(_ key: SketchText, capacity: Int, in database: Database) throws {
        let merged = DistinctSketch(capacity: capacity, values: try hashes(of: key, in: database))
        try database.cachedStatement(
            sql: """
                DELETE FROM distinct_hashes
                WHERE grain = ? AND start_ns = ? AND measure = ? AND category = ?
                """
        ).execute(arguments: arguments(key))
        try insert(merged.values, for: key, into: database)
    }

    private static func encode(_ hashes: [UInt64]) -> Data {
        var part = Data(capacity: hashes.count * 8)
        for hash in hashes {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                part.append(UInt8(truncatingIfNeeded: hash >> shift))
            }
        }
        return part
    }

    private static func arguments(_ key: SketchText) -> StatementArguments {
        [key.grain.rawValue, key.start.nanoseconds, key.measure.rawValue, key.category]
    }
}

extension RowReader.Row {
    /// The hashes of a part of a sketch.
    func hashes(_ column: Int32) throws(StoreError) -> [UInt64] {
        let part = try bytes(column)
        guard part.count.isMultiple(of: 8) else {
            throw flaw(column, expected: "hashes of 8 bytes each")
        }
        return stride(from: 0, to: part.count, by: 8).map { start in
            part[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}
