internal import GRDB

extension SQLiteFile {
    /// A file of up to so many pages, 256 MiB of them, is looked at as a whole.
    private static let wholePages = 65_536

    /// Whether SQLite's check of every page, row and index of the file takes no time to speak of.
    static func isSmall(_ database: Database) throws -> Bool {
        try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0 <= wholePages
    }

    /// The first thing that a check of SQLite's own finds; nil where all is well.
    static func finding(
        of check: String = "integrity_check(1)",
        in database: Database
    ) throws -> String? {
        let found = try String.fetchOne(database, sql: "PRAGMA \(check)")
        return found == "ok" ? nil : found
    }
}
