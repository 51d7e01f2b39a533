internal import Commerce
internal import Foundation
internal import MongoDBStores
internal import PostgreSQLStores
package import PrometheusStores
internal import SQLiteStores
package import Storage

/// The one place that turns a URL into a store.
///
/// - Guarantees: nothing is made where something is only read. Messages name the URL without
///   secrets, and a remedy.
/// - Failure and recovery: a URL that no store has is a `StoreError` with the code `wrongURL`,
///   before anything is asked; a store that has to be there and is not is an `InputError`; all
///   else is the `StoreError` of the store.
package struct StoreOpening: Sendable {
    /// A store that was opened.
    package struct Opened<Store: Sendable>: Sendable {
        package let store: Store
        /// Its URL without secrets.
        package let label: String
        /// What is not as it should be.
        package var warnings: [String] = []
    }

    /// The URL of a store in memory.
    private static let memory = "memory:"

    private let damage: DamagedValues

    /// Opens stores that note in `damage` the rows which a report has to leave out.
    package init(notingIn damage: DamagedValues) {
        self.damage = damage
    }

    /// Opens the raw store at `url`, in which events can be looked up by `indexes` as well.
    package func rawStore(
        at url: String,
        for access: StoreAccess = .making,
        indexes: [String] = []
    ) async throws -> Opened<any RawStore> {
        if url == StoreOpening.memory, access == .making {
            return Opened(store: MemoryRawStore(), label: url)
        }
        if let location = try MongoDBLocation(url: url) {
            let store = try await MongoDBRawStore(
                location,
                access,
                indexes: indexes.compactMap(RawEventKey.init(rawValue:)),
                notingIn: damage
            )
            return Opened(store: store, label: "\(location)", warnings: store.warnings)
        }
        let location = try file(url, for: access, "raw store", or: "mongodb://…")
        return Opened(store: try SQLiteRawStore(location, access, notingIn: damage), label: url)
    }

    /// Opens the warehouse at `url`.
    package func warehouse(
        at url: String,
        for access: StoreAccess = .making
    ) async throws -> Opened<any Warehouse> {
        if url == StoreOpening.memory, access == .making {
            return Opened(store: MemoryWarehouse(), label: url)
        }
        if PostgreSQLLocation.isMeant(by: url) {
            let location = try PostgreSQLLocation(url: url)
            let store = try await PostgreSQLWarehouse(location, notingIn: damage)
            return Opened(store: store, label: location.label)
        }
        let location = try file(url, for: access, "warehouse", or: "postgresql://…")
        return Opened(store: try SQLiteWarehouse(location, access, notingIn: damage), label: url)
    }

    /// The Prometheus at `url`, which is reached when a history is read.
    package func prometheus(
        at url: String,
        bearerToken: String?
    ) throws(StoreError) -> PrometheusServer {
        guard let server = PrometheusServer(url: url, bearerToken: bearerToken) else {
            throw StoreError(
                .wrongURL,
                "expected a URL such as http://127.0.0.1:9090, without user and password"
            )
        }
        return server
    }

    /// The same text for two URLs of one place, as far as one can tell; nil for a place that no
    /// other URL has.
    package static func place(of url: String) -> String? {
        guard url != memory else { return nil }
        guard let location = SQLiteLocation(url: url) else { return url }
        return URL(filePath: location.path).resolvingSymlinksInPath().absoluteURL.path
    }

    /// The file that `url` names, in a folder that is made where a store is.
    private func file(
        _ url: String,
        for access: StoreAccess,
        _ role: String,
        or other: String
    ) throws -> SQLiteLocation {
        guard let location = SQLiteLocation(url: url) else {
            throw StoreOpening.refusal(of: url, access, role, other)
        }
        switch access {
        case .making: try makeFolder(of: location)
        case .changing, .reading: try expectFile(location, role)
        }
        return location
    }

    private static func refusal(
        of url: String,
        _ access: StoreAccess,
        _ role: String,
        _ other: String
    ) -> StoreError {
        if url.hasPrefix("sqlite:") {
            return StoreError(
                .wrongURL,
                "a store's sqlite: URL lacks its path, has an unknown option or names no file of "
                    + "its own (file:, :memory:, //server); expected sqlite:<path> or "
                    + "sqlite:<path>?max_pages=<n>, n from 1"
            )
        }
        if url == memory {
            return StoreError(
                .wrongURL,
                "a \(role) in memory: is gone with its run; expected sqlite:<path> or \(other)"
            )
        }
        // Only the scheme is shown: what stands behind it may be a password.
        let scheme = url.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
        let end = url[scheme.endIndex...].first.flatMap { ":=".contains($0) ? $0 : nil }
        return StoreError(
            .wrongURL,
            "no \(role) has a URL of the form \"\(end.map { "\(scheme)\($0)" } ?? "")…\"; expected "
                + "sqlite:<path>, sqlite:<path>?max_pages=<n>"
                + (access == .making ? ", memory: or " : " or ") + other
        )
    }

    private func makeFolder(of location: SQLiteLocation) throws(StoreError) {
        let folder = URL(filePath: location.path).deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw StoreError(
                .unavailable,
                "\(folder.path) cannot be made (\(error.localizedDescription)); "
                    + "name a directory that is writable"
            )
        }
    }

    /// Refuses a file that is not there, or is empty, which SQLite takes for a database in which
    /// there is nothing wrong.
    private func expectFile(_ location: SQLiteLocation, _ role: String) throws(InputError) {
        let path = location.path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
            throw InputError(
                .notFound,
                "there is no \(role) at \(path); expected one that 'weir run' has made"
            )
        }
        guard attributes[.size] as? Int != 0 else {
            throw InputError(
                .notFound,
                "\(path) is empty; expected a \(role) that 'weir run' has made"
            )
        }
    }
}
