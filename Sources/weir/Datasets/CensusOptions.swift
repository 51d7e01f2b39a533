internal import ArgumentParser
internal import Datasets
internal import Foundation
internal import OpeningStores
internal import Storage
internal import Timekeeping

/// `--raw`, for commands that hold a warehouse to the raw events it was made from.
struct CensusOptions: ParsableArguments {
    @Option(
        help: """
            A raw store, of which a census is taken first: sqlite:<path> or mongodb://… \
            (repeatable; also WEIR_RAW_URL; default, without --warehouse: \
            sqlite:.weir/raw.sqlite).
            """
    )
    var raw: [String] = []

    private static let standard = ".weir/raw.sqlite"

    /// Whether any of `set` asks for the raw events, and it is known where they are; `isStandard`
    /// says that no warehouse was named.
    func isAsked(by set: InvariantSet, isStandard: Bool) -> Bool {
        !urls(isStandard: isStandard).isEmpty && set.invariants.contains(where: \.needsCensus)
    }

    /// Reads the raw events and keeps what they add up to in `opened`, where any of `set` asks for
    /// that and it is known where they are; else says how old the census is that is used.
    ///
    /// - Throws: `InputError` where there is no such store, or `StoreError` where it cannot be
    ///   read; the census before is kept then.
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
        var stores: [any RawStore] = []
        do {
            for url in urls {
                stores.append(try await StorePlaces.opening.rawStore(at: url, for: .reading).store)
            }
            try await RawCensus.take(
                of: stores.compactMap(\.scan),
                in: opened.warehouse,
                at: timeline.now
            )
        } catch {
            for store in stores { try? await store.close() }
            throw error
        }
        for store in stores { try await store.close() }
    }

    private func urls(isStandard: Bool) -> [String] {
        if !raw.isEmpty { return raw }
        if let url = StorePlaces.raw(nil) { return [url] }
        let isThere = FileManager.default.fileExists(atPath: CensusOptions.standard)
        return isStandard && isThere ? ["sqlite:\(CensusOptions.standard)"] : []
    }
}
