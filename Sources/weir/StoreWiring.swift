internal import Datasets
internal import Foundation
internal import MongoDBStores
internal import Pipeline
internal import PostgreSQLStores
internal import SQLiteStores
internal import Storage

/// A store URL that no adapter takes.
struct StoreURLError: Error, CustomStringConvertible {
    let description: String

    /// What is said of `url`: only its scheme, for what stands behind that may be a password.
    static func form(of url: String) -> String {
        let scheme = url.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
        let end = url[scheme.endIndex...].first
        return end == ":" || end == "=" ? "\"\(scheme)\(end ?? ":")…\"" : "\"…\""
    }

    /// The location that `read` finds in a URL; one that it cannot read is wrong usage, and no
    /// server's fault.
    static func locating<Location>(
        _ read: () throws(StoreError) -> Location
    ) throws(StoreURLError) -> Location {
        do throws(StoreError) {
            return try read()
        } catch {
            throw StoreURLError(description: error.message)
        }
    }
}

/// A store that could not be opened: whatever the reason, somebody has to look at the store.
struct StoreOpeningError: Error, CustomStringConvertible {
    let cause: StoreError

    init(_ cause: StoreError) {
        self.cause = cause
    }

    var description: String { cause.message }
}

/// The one place that joins store URLs to adapters.
struct StoreWiring {
    /// The URL that replaces the pipeline's own for every store of the role.
    var raw: String?
    var warehouse: String?

    /// Opens the stores of `document`.
    ///
    /// - Throws: ``StoreURLError``, or ``StoreOpeningError`` where one cannot be opened.
    func open(_ document: PipelineDocument) async throws -> RunStores {
        var stores = RunStores(raw: [], warehouses: [])
        // What lies in one place is opened once: two openings would take each other for another
        // run.
        var raws: [String: RunStores.Named<any RawStore>] = [:]
        var warehouses: [String: RunStores.Named<any Warehouse>] = [:]
        do {
            for store in document.stores {
                switch store.role {
                case .raw:
                    let url = raw ?? store.url
                    if let twin = raws[place(url)] {
                        stores.raw.append(twin.twin(called: store.name))
                        continue
                    }
                    let opened = try await openRaw(store)
                    if url != "memory:" { raws[place(url)] = opened }
                    stores.raw.append(opened)
                case .warehouse:
                    let url = warehouse ?? store.url
                    if let twin = warehouses[place(url)] {
                        stores.warehouses.append(twin.twin(called: store.name))
                        continue
                    }
                    let opened = try await openWarehouse(store)
                    if url != "memory:" { warehouses[place(url)] = opened }
                    stores.warehouses.append(opened)
                }
            }
        } catch {
            _ = await stores.close()
            throw (error as? StoreError).map(StoreOpeningError.init) ?? error
        }
        return stores
    }

    /// The same for two URLs of the same place, as far as one can tell.
    private func place(_ url: String) -> String {
        guard let location = SQLiteLocation(url: url) else { return url }
        return URL(filePath: location.path).resolvingSymlinksInPath().absoluteURL.path
    }

    private func openRaw(
        _ store: PipelineDocument.Store
    ) async throws -> RunStores.Named<any RawStore> {
        let url = raw ?? store.url
        if url == "memory:" {
            return .init(name: store.name, label: url, store: MemoryRawStore())
        }
        if let location = try StoreURLError.locating({ () throws(StoreError) in
            try MongoDBLocation(url: url)
        }) {
            let keys = store.indexes.compactMap { RawEventKey(rawValue: $0.rawValue) }
            let opened = try await MongoDBRawStore(
                location,
                indexes: keys,
                notingIn: DamagedRows.all
            )
            for warning in opened.warnings {
                Terminal.message("warning: \(warning)")
            }
            return .init(name: store.name, label: "\(location)", store: opened)
        }
        return .init(name: store.name, label: url, store: try sqlite(url, SQLiteRawStore.init))
    }

    private func openWarehouse(
        _ store: PipelineDocument.Store
    ) async throws -> RunStores.Named<any Warehouse> {
        let url = warehouse ?? store.url
        if url == "memory:" {
            return .init(name: store.name, label: url, store: MemoryWarehouse())
        }
        if PostgreSQLLocation.isMeant(by: url) {
            let location = try StoreURLError.locating { () throws(StoreError) in
                try PostgreSQLLocation(url: url)
            }
            let opened = try await PostgreSQLWarehouse(location, notingIn: DamagedRows.all)
            return .init(name: store.name, label: location.label, store: opened)
        }
        return .init(name: store.name, label: url, store: try sqlite(url, SQLiteWarehouse.init))
    }

    private func sqlite<Store>(
        _ url: String,
        _ open: (SQLiteLocation, SQLiteAccess, DamagedValues) throws -> Store
    ) throws -> Store {
        try open(try location(url), .making, DamagedRows.all)
    }

    private func location(_ url: String) throws -> SQLiteLocation {
        guard let location = SQLiteLocation(url: url) else {
            guard !url.hasPrefix("sqlite:") else {
                throw StoreURLError(
                    description: "a store's sqlite: URL lacks its path, has an unknown option or "
                        + "names no file of its own (file:, :memory:, //server); "
                        + "expected sqlite:<path> or sqlite:<path>?max_pages=<n>, n from 1"
                )
            }
            throw StoreURLError(
                description: "no store takes a URL of the form \(StoreURLError.form(of: url)); "
                    + "expected sqlite:<path>, sqlite:<path>?max_pages=<n>, memory:, "
                    + "mongodb://… for a raw store or postgresql://… for a warehouse"
            )
        }
        let directory = URL(filePath: location.path).deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(
                at: directory,
                withIntermediateDirectories: true
            )
        } catch {
            throw StoreError(
                .unavailable,
                "\(directory.path) cannot be made (\(error.localizedDescription)); "
                    + "name a directory that is writable"
            )
        }
        return location
    }
}

extension RunStores.Named {
    /// The same store by another name.
    fileprivate func twin(called name: String) -> Self {
        .init(name: name, label: label, store: store, twin: self.name)
    }
}

extension RunStores {
    /// The first warehouse that remembers deployments.
    var deployments: (any DeploymentLog)? {
        warehouses.lazy.compactMap(\.store.deploymentLog).first
    }

    /// The first warehouse that invariants can be held against.
    var invariants: (any InvariantStore)? {
        warehouses.lazy.compactMap(\.store.invariants).first
    }

    /// What `body` gives; where it fails, the stores are closed, so that the next run need not
    /// wait for what this one holds of them.
    func closingOnError<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch {
            _ = await close()
            throw error
        }
    }

    /// Closes every store; says which could not be.
    func close() async -> [StoreError] {
        var failures: [StoreError] = []
        for store in raw where store.twin == nil {
            do throws(StoreError) { try await store.store.close() } catch { failures.append(error) }
        }
        // order-free: a list
        for store in warehouses where store.twin == nil {
            do throws(StoreError) { try await store.store.close() } catch { failures.append(error) }
        }
        return failures
    }
}
