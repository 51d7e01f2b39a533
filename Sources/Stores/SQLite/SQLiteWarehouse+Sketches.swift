internal import Foundation
internal import GRDB
internal import Stages
internal import Timekeeping

/// Sketches are stored as what each commit adds to them: a part is a run of 64-bit hashes, little
/// end first.
extension SQLiteWarehouse {
    static func hashes(of key: SketchText, in database: Database) throws -> [UInt64] {
        let parts = try Data.fetchAll(
            database,
            sql: """
                SELECT hashes FROM distinct_hashes
                WHERE grain = ? AND start_ns = ? AND measure = ? AND category = ?
                """,
            arguments: arguments(key)
        )
        return parts.flatMap(decode)
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

    static func decode(_ part: Data) -> [UInt64] {
        stride(from: 0, to: part.count - part.count % 8, by: 8).map { start in
            var hash: UInt64 = 0
            for byte in part[part.startIndex + start..<part.startIndex + start + 8].reversed() {
                hash = hash << 8 | UInt64(byte)
            }
            return hash
        }
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
