import Broker
import Commerce
import Storage
import TestSupport
import Timekeeping

/// A raw store that fails as it is told, and stalls once.
final class TroubledRawStore: RawStore {
    private let store = MemoryRawStore()
    private let failures: Locked<Int>
    private let code: StoreError.Code
    private let timeline: any Timeline
    private let stall: (from: Timestamp, lasting: Duration)?
    private let hasStalled = Locked(false)
    private let positions = Locked<[Int64]>([])

    /// Fails the first `failures` calls with `code`; the first call from `stall.from` on takes
    /// that long.
    init(
        timeline: any Timeline,
        failures: Int = 0,
        code: StoreError.Code = .unavailable,
        stall: (from: Timestamp, lasting: Duration)? = nil
    ) {
        self.timeline = timeline
        self.failures = Locked(failures)
        self.code = code
        self.stall = stall
    }

    /// The positions of everything that was given to ``store(_:)`` with success, in order.
    var stored: [Int64] { positions.value }

    func hold() {}

    func readBack(from position: Int64) -> Int64 { store.readBack(from: position) }

    func nextPosition() -> Int64 { store.nextPosition() }

    func store(_ writes: [RawWrite]) async throws(StoreError) -> RawOutcome {
        let fails = failures.change { left in
            guard left > 0 else { return false }
            left -= 1
            return true
        }
        if fails {
            throw StoreError(code, "the store is away, as the test wants it")
        }
        if let stall, timeline.now >= stall.from,
            hasStalled.change({ isSecond in
                defer { isSecond = true }
                return !isSecond
            })
        {
            try? await timeline.sleep(until: timeline.now + stall.lasting)
        }
        positions.change { positions in
            for write in writes {
                positions += write.selection.all.map { write.publication.position(at: $0) }
            }
        }
        return store.store(writes)
    }

    func count() -> Int64 { store.count() }

    func close() {}
}
