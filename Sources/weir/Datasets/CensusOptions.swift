internal import ArgumentParser
internal import Commerce
internal import Datasets
internal import Foundation
internal import MongoDBStores
internal import SQLiteStores
internal import Storage
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

    /// Whether any of `set` asks for the raw events, and it is known where they are; `isStandard`
    /// says that nobody has said which warehouse.
    func isAsked(by set: InvariantSet, isStandard: Bool) -> Bool {
        !urls(isStandard: isStandard).isEmpty && set.invariants.contains(where: \.needsCensus)
    }

    /// Reads the raw events and keeps what they add up to in `opened`, where any of `set` asks for
    /// that and it is known where they are; else says how old the census is that is looked at.
    ///
    /// - Throws: `StoreURLError`, `InputError` where there is no such store, or `StoreOpeningError`
    ///   and `StoreError` where it cannot be read; the census before is kept then.
    func take(
        for set: InvariantSet,
        in opened: OpenCatalogue,
        isStandard: Bool,
        _ timeline: any Timeline
    ) async throws {
        guard isAsked(by: set, isStandard: isStandard) else {
            guard set.invariants.contains(where: \.needsCensus),
                let taken = try await opened.invariants.censusTime()
            else { return }
            return Terminal.message(
                "warning: the raw events are judged by the census of \(taken); name their store "
                    + "with --raw to take a new one"
            )
        }
        let urls = urls(isStandard: isStandard)
        var stores: [any RawStore & RawEventScan] = []
        do {
            for url in urls { stores.append(try await CensusOptions.open(url)) }
            try await RawCensus.take(of: stores, in: opened.warehouse, at: timeline.now)
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
                return try await MongoDBRawStore(
                    location,
                    indexes: [],
                    notingIn: DamagedRows.all
                )
            }
            if let location = SQLiteLocation(url: url) {
                try location.expectFile("raw store")
                return try SQLiteRawStore(location, .reading, notingIn: DamagedRows.all)
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
