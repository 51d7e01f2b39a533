internal import Foundation
internal import Pipeline
internal import SLO
internal import SQLiteStores
internal import Stages

/// A store URL that no adapter takes.
struct StoreURLError: Error, CustomStringConvertible {
    let description: String
}

/// The one place that joins store URLs to adapters.
struct StoreWiring {
    /// The URL that replaces the pipeline's own for every store of the role.
    var raw: String?
    var warehouse: String?

    /// Opens the stores of `document`.
    func open(_ document: PipelineDocument) throws -> RunStores {
        var stores = RunStores(raw: [], warehouses: [])
        for store in document.stores {
            switch store.role {
            case .raw:
                let url = raw ?? store.url
                stores.raw.append(
                    .init(name: store.name, label: url, store: try openRaw(url))
                )
            case .warehouse:
                let url = warehouse ?? store.url
                let opened = try openWarehouse(url)
                stores.warehouses.append(.init(name: store.name, label: url, store: opened))
                // A warehouse in memory keeps no history beyond the run.
                if let history = opened as? any SLIHistory {
                    stores.history = history
                }
            }
        }
        return stores
    }

    private func openRaw(_ url: String) throws -> any RawStore {
        if url == "memory:" { return MemoryRawStore() }
        return try SQLiteRawStore(try location(url))
    }

    private func openWarehouse(_ url: String) throws -> any Warehouse {
        if url == "memory:" { return MemoryWarehouse() }
        return try SQLiteWarehouse(try location(url))
    }

    private func location(_ url: String) throws -> SQLiteLocation {
        guard let location = SQLiteLocation(url: url) else {
            // Only the scheme is shown: what stands behind it may be a password.
            let scheme = url.prefix { $0 != ":" }
            guard scheme != "sqlite" else {
                throw StoreURLError(
                    description: "a store's sqlite: URL lacks its path or has an unknown option; "
                        + "expected sqlite:<path> or sqlite:<path>?max_pages=<n>, n from 1"
                )
            }
            throw StoreURLError(
                description: "no store takes a URL of the form \"\(scheme):…\"; "
                    + "expected sqlite:<path>, sqlite:<path>?max_pages=<n>, or memory:"
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

extension RunStores {
    /// Closes every store; says which could not be.
    func close() async -> [StoreError] {
        var failures: [StoreError] = []
        for store in raw {
            do throws(StoreError) { try await store.store.close() } catch { failures.append(error) }
        }
        for store in warehouses {
            do throws(StoreError) { try await store.store.close() } catch { failures.append(error) }
        }
        return failures
    }
}
