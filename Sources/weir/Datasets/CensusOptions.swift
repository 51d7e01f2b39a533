internal import ArgumentParser
internal import Commerce
internal import Datasets
internal import Foundation
internal import MongoDBStores
internal import SQLiteStores
internal import Stages
internal import Timekeeping

/// `--raw`, for commands that hold a warehouse to the raw events it was made from.
struct CensusOptions: ParsableArguments {
    @Option(
        help: """
            A raw store, of which a census is taken first: sqlite:<path> or mongodb://… \
            (repeatable; also WEIR_RAW_URL; default, where no --warehouse is said: \
            sqlite:.weir/raw.sqlite).
            """
    )
    var raw: [String] = []

    private static let standard = ".weir/raw.sqlite"

    /// Reads the raw events and keeps what they add up to in `opened`, where any of `set` asks for
    /// that and it is known where they are.
    ///
    /// - Throws: `StoreURLError`, `InputError` where there is no such store, or `StoreOpeningError`
    ///   and `StoreError` where it cannot be read; the census before is kept then.
    func take(
        for set: InvariantSet,
        in opened: OpenCatalogue,
        _ timeline: any Timeline
    ) async throws {
        let urls = urls(isStandard: opened.isStandard)
        guard !urls.isEmpty, set.invariants.contains(where: \.needsCensus) else { return }
        var stores: [any RawStore & RawEventScan] = []
        do {
            for url in urls { stores.append(try await CensusOptions.open(url)) }
            try await RawCensus.take(of: stores, in: opened.census, at: timeline.now)
        } catch {
            for store in stores { try? await store.close() }
            throw error
        }
        for store in stores { try await store.close() }
    }

    private func urls(isStandard: Bool) -> [String] {
        if !raw.isEmpty { return raw }
        if let url = ProcessInfo.processInfo.environment["WEIR_RAW_URL"] { return [url] }
        let isThere = FileManager.default.fileExists(atPath: CensusOptions.standard)
        return isStandard && isThere ? ["sqlite:\(CensusOptions.standard)"] : []
    }

    private static func open(_ url: String) async throws -> any RawStore & RawEventScan {
        do {
            if let location = try StoreURLError.locating({ () throws(StoreError) in
                try MongoDBLocation(url: url)
            }) {
                return try await MongoDBRawStore(location, indexes: [])
            }
            if let location = SQLiteLocation(url: url) {
                guard FileManager.default.fileExists(atPath: location.path) else {
                    throw InputError(
                        .notFound,
                        "there is no raw store at \(location.path); expected one that 'weir run' "
                            + "has made"
                    )
                }
                return try SQLiteRawStore(location)
            }
        } catch let error as StoreError {
            throw StoreOpeningError(error)
        }
        // Only the scheme is shown: what stands behind it may be a password.
        throw StoreURLError(
            description: "no raw events are kept at \(StoreURLError.form(of: url)); expected "
                + "sqlite:<path> or mongodb://…"
        )
    }
}
