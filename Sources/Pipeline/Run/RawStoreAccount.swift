internal import Commerce
package import Storage
internal import Synchronization

/// Adds up the events that a raw store has confirmed, to compare them at the end of the run.
final class RawStoreAccount: StoreLayer {
    private struct Sums {
        var stored: Int64 = 0
        /// A call that failed may have stored some of its events.
        var hasFailed = false
    }

    private let store: any RawStore
    private let label: String
    private let sums = Mutex(Sums())

    /// The account of `store`, which messages call `label`.
    init(_ store: any RawStore, label: String) {
        self.store = store
        self.label = label
    }

    func pass<Answer>(
        _ call: inout StoreCall,
        _ next: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        guard case .store = call.operation else { return try await next(&call) }
        do throws(StoreError) {
            let answer = try await next(&call)
            let stored = Int64(call.outcome?.stored ?? 0)
            sums.withLock { $0.stored += stored }
            return answer
        } catch {
            sums.withLock { $0.hasFailed = true }
            throw error
        }
    }

    /// Reads back what the run has stored, from `position` on.
    ///
    /// - Throws: `StoreError` where the store does not hold what it has confirmed.
    func check(from position: Int64) async throws(StoreError) {
        let found = try await store.readBack(from: position)
        let sums = sums.withLock { $0 }
        try compare(found, with: sums.stored, orMore: sums.hasFailed, label)
    }
}

/// Adds up the events that a warehouse has counted, to compare them at the end of the run.
final class WarehouseAccount: StoreLayer {
    private struct Sums {
        var before: Int64?
        var counted: Int64 = 0
        /// The number of the last commit of each subscription: one that is given again, because
        /// its answer was lost, is stored once.
        var lastCommits: [String: Int64] = [:]
        var hasFailed = false
    }

    private let warehouse: any Warehouse
    private let label: String
    private let sums = Mutex(Sums())

    /// The account of `warehouse`, which messages call `label`.
    init(_ warehouse: any Warehouse, label: String) {
        self.warehouse = warehouse
        self.label = label
    }

    /// Notes what is counted before the run counts anything.
    func begin() async throws(StoreError) {
        let before = try await warehouse.readBack()
        sums.withLock { $0.before = before }
    }

    func pass<Answer>(
        _ call: inout StoreCall,
        _ next: NextStoreLayer<Answer>
    ) async throws(StoreError) -> Answer {
        guard case .commit(let commit) = call.operation else { return try await next(&call) }
        let answer: Answer
        do throws(StoreError) {
            answer = try await next(&call)
        } catch {
            sums.withLock { $0.hasFailed = true }
            throw error
        }
        let added = commit.countedEvents
        sums.withLock { sums in
            guard sums.lastCommits[commit.subscription] != commit.number else { return }
            sums.lastCommits[commit.subscription] = commit.number
            sums.counted += added
        }
        return answer
    }

    /// Reads back what the run has counted.
    ///
    /// - Throws: `StoreError` where the warehouse does not hold what it has confirmed.
    func check() async throws(StoreError) {
        let sums = sums.withLock { $0 }
        guard let before = sums.before else { return }
        let found = try await warehouse.readBack().subtractingSaturated(before)
        try compare(found, with: sums.counted, orMore: sums.hasFailed, label)
    }
}

extension WarehouseCommit {
    /// How many events it adds to the window over all time.
    fileprivate var countedEvents: Int64 {
        cells.reduce(0) { sum, cell in
            cell.key.grain == .all && !cell.key.category.isPresent ? sum + cell.delta.total : sum
        }
    }
}

/// Compares what a store has read back with what it has confirmed; `orMore` where a call failed
/// that may have stored some of its events.
private func compare(
    _ found: Int64,
    with confirmed: Int64,
    orMore: Bool,
    _ label: String
) throws(StoreError) {
    guard found != confirmed, !(orMore && found > confirmed) else { return }
    throw StoreError(
        .corrupted,
        "\(label) has confirmed \(confirmed) events of this run, and holds \(found) of them "
            + "when it is read back; something else has changed it during the run, so restore "
            + "it, and run again"
    )
}

/// A run that came to its end, and whose stores do not hold what they have confirmed.
package struct ReadBackFailure: Error, CustomStringConvertible {
    /// What was found.
    package var cause: StoreError

    package var description: String { cause.message }
}
