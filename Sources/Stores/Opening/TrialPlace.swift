internal import Foundation
internal import MongoDBStores
internal import PostgreSQLStores
internal import SQLiteStores
internal import Storage

/// A place of its own beside a store, for runs of which nothing is to be left: on the same disk,
/// or the same server.
///
/// It is called as the place of the store, with `_capacity` behind its name: a file, a database of
/// MongoDB, a schema of PostgreSQL.
package struct TrialPlace: Sendable {
    /// What is put behind the name of the store's own place.
    private static let ending = "_capacity"

    private enum Kind {
        /// Memory, of which nothing is left, or what no store has.
        case none
        case file(SQLiteLocation)
        case mongoDB(MongoDBLocation)
        case postgreSQL(PostgreSQLLocation)
    }

    /// The URL of the place.
    package let url: String
    private let kind: Kind

    /// The place beside the raw store at `url`; where none can be there, opening it says why.
    ///
    /// - Throws: `StoreError` where the URL is malformed.
    package init(besideRawStore url: String) throws {
        if let location = try MongoDBLocation(url: url) {
            let own = location.url(ofDatabase: location.database + TrialPlace.ending)
            self.init(url: own, kind: .mongoDB(try MongoDBLocation(url: own) ?? location))
        } else {
            self.init(besideFile: url)
        }
    }

    /// The place beside the warehouse at `url`; where none can be there, opening it says why.
    ///
    /// - Throws: `StoreError` where the URL is malformed.
    package init(besideWarehouse url: String) throws {
        if PostgreSQLLocation.isMeant(by: url) {
            let schema = try PostgreSQLLocation(url: url).schema
            // A name has 63 bytes at most.
            let own = schema.prefix(63 - TrialPlace.ending.count) + TrialPlace.ending
            // The last one counts.
            let joint = url.contains("://") ? (url.contains("?") ? "&" : "?") : " "
            let place = "\(url)\(joint)schema=\(own)"
            self.init(url: place, kind: .postgreSQL(try PostgreSQLLocation(url: place)))
        } else {
            self.init(besideFile: url)
        }
    }

    private init(besideFile url: String) {
        guard var own = SQLiteLocation(url: url) else {
            self.init(url: url, kind: .none)
            return
        }
        own.path += TrialPlace.ending
        let pages = own.maximumPages.map { "?max_pages=\($0)" } ?? ""
        self.init(url: "sqlite:\(own.path)\(pages)", kind: .file(own))
    }

    private init(url: String, kind: Kind) {
        self.url = url
        self.kind = kind
    }

    /// Removes the place with all that is in it, once no store has it open.
    package func remove() async throws {
        switch kind {
        case .none: return
        case .file(let location):
            for part in ["", "-wal", "-shm"] where Self.exists(location.path + part) {
                try FileManager.default.removeItem(atPath: location.path + part)
            }
        case .mongoDB(let location): try await MongoDBRawStore.dropDatabase(at: location)
        case .postgreSQL(let location): try await PostgreSQLWarehouse.dropSchema(at: location)
        }
    }

    private static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
    }
}
