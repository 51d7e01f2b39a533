import Broker
import Commerce
import Stages
import Storage
import TestSupport
import Testing
import Timekeeping

struct AnalyticsStateTests {
    private let shop = Shop()
    private let now = Shop.epoch + .seconds(3600)

    private func state(
        on warehouse: MemoryWarehouse = MemoryWarehouse(windowLimit: 1000, openWindows: 1000),
        _ change: (inout AnalyticsOptions) -> Void = { _ in }
    ) -> AnalyticsState {
        var options = AnalyticsOptions()
        change(&options)
        return AnalyticsState(
            subscription: "analytics",
            options: options,
            rules: .standard,
            stored: warehouse.progress(of: "analytics")
        )
    }

    private func commit(_ state: inout AnalyticsState, to warehouse: MemoryWarehouse) {
        if let commit = state.takeCommit(at: Timestamp(seconds: 0)) {
            #expect(throws: Never.self) { try warehouse.commit(commit) }
        }
    }

    @discardableResult
    private func take(
        _ batch: Batch,
        into state: inout AnalyticsState,
        at time: Timestamp? = nil
    ) -> AnalyticsState.Taken? {
        shop.delivery(of: batch).map { state.take($0, at: time ?? now) }.first
    }

    @Test func `a redelivered batch changes nothing, before a commit and after`() {
        let warehouse = MemoryWarehouse(windowLimit: 1000, openWindows: 1000)
        var state = state()
        let batch = shop.views(5)
        #expect(take(batch, into: &state)?.counted.count == 5)
        #expect(take(batch, into: &state)?.duplicates == 5)
        commit(&state, to: warehouse)
        let before = warehouse.contents
        #expect(take(batch, into: &state)?.duplicates == 5)
        commit(&state, to: warehouse)
        #expect(warehouse.contents == before)
        #expect(warehouse.total(.day)[.viewItem] == 5)
    }

    @Test func `a stream that is published again after a restart changes nothing`() {
        let warehouse = MemoryWarehouse(windowLimit: 1000, openWindows: 1000)
        var first = state()
        take(shop.views(5), into: &first)
        commit(&first, to: warehouse)
        // Other positions, other batches; the same offsets of the same stream.
        var second = state(on: warehouse)
        let again = second.take(shop.delivery(of: shop.views(8), at: 100)[0], at: now)
        #expect(again.duplicates == 5)
        #expect(again.counted.all == [5, 6, 7])
        commit(&second, to: warehouse)
        #expect(warehouse.total(.day)[.viewItem] == 8)
        #expect(warehouse.progress(of: "analytics").map(\.consumed.intervals) == [[1...8]])
    }

    @Test func `one identity at two offsets is counted once`() {
        var state = state()
        let batch = shop.batch([shop.event(1), shop.event(2), shop.event(1)])
        let taken = take(batch, into: &state)
        #expect(taken?.counted.all == [0, 1])
        #expect(taken?.duplicates == 1)
        let later = shop.batch([shop.event(2), shop.event(3)], firstOffset: 50)
        #expect(take(later, into: &state)?.counted.all == [1])
    }

    @Test func `refused events are permanent failures and are not counted`() {
        let warehouse = MemoryWarehouse(windowLimit: 1000, openWindows: 1000)
        var state = state()
        var nameless = shop.event(2, .purchase)
        nameless.transaction = .none
        let batch = shop.batch([shop.event(1, .purchase), nameless, shop.event(3, .purchase)])
        let taken = take(batch, into: &state)
        guard case .ackExcept(let failures) = taken?.settlement else {
            Issue.record("a refused event was acked")
            return
        }
        #expect(failures.map(\.place) == [1])
        #expect(failures.map(\.isPermanent) == [true])
        #expect(failures.map(\.reason.label) == ["transaction-id-missing"])
        commit(&state, to: warehouse)
        #expect(warehouse.total(.day).orders == 2)
    }

    @Test func `a late event misses the second and counts in the day`() {
        let warehouse = MemoryWarehouse(windowLimit: 1000, openWindows: 1000)
        var state = state()
        // 22:13:20 and half a minute on: the second is over, the minute still open for 10 s.
        let ahead = shop.event(1, at: Shop.epoch + .seconds(30))
        let taken = take(shop.batch([ahead, shop.event(2)]), into: &state)
        #expect(taken?.late == 1)
        #expect(taken?.counted.count == 2)
        commit(&state, to: warehouse)
        #expect(warehouse.total(.second)[.viewItem] == 1)
        #expect(warehouse.total(.minute)[.viewItem] == 2)
        #expect(warehouse.total(.day)[.viewItem] == 2)
        #expect(warehouse.exceptions().late == 1)
    }

    @Test func `an event within the allowed lateness is not late`() {
        var state = state()
        // The window of the second event closes when the watermark is 10 s behind its end.
        let ahead = shop.event(1, at: Shop.epoch + .seconds(11) - .nanoseconds(1))
        #expect(take(shop.batch([ahead, shop.event(2)]), into: &state)?.late == 0)
        let closing = shop.event(3, at: Shop.epoch + .seconds(11))
        let batch = shop.batch([closing, shop.event(4)], firstOffset: 3)
        #expect(take(batch, into: &state)?.late == 1)
    }

    @Test func `each stream has its own watermark`() {
        var state = state()
        let ahead = shop.event(1, at: Shop.epoch + .seconds(600))
        take(shop.batch([ahead], stream: "north"), into: &state)
        let behind = shop.batch([shop.event(2)], stream: "south")
        #expect(take(behind, into: &state)?.late == 0)
        let late = shop.batch([shop.event(3)], firstOffset: 2, stream: "north")
        #expect(take(late, into: &state)?.late == 1)
    }

    @Test(arguments: [false, true])
    func `an event ahead of the clock makes no other late`(together: Bool) {
        var state = state()
        let ahead = shop.event(1, at: now + .seconds(3600))
        let present = shop.event(2, at: now)
        if together {
            #expect(take(shop.batch([ahead, present]), into: &state)?.late == 0)
        } else {
            take(shop.batch([ahead]), into: &state)
            let batch = shop.batch([present], firstOffset: 2)
            #expect(take(batch, into: &state)?.late == 0)
        }
        #expect(state.takeCommit(at: Timestamp(seconds: 0))?.progress.map(\.watermark) == [now])
    }

    @Test func `an empty category text is no second total`() {
        let warehouse = MemoryWarehouse(windowLimit: 1000, openWindows: 1000)
        var state = state()
        var item = shop.item()
        item.category = shop.symbols.symbol(for: "", in: .category)
        take(shop.batch([(shop.event(1, .purchase), [item])]), into: &state)
        commit(&state, to: warehouse)
        #expect(warehouse.total(.day).orders == 1)
    }

    /// Whatever is redelivered, committed together, or lost with a crash before its commit: the
    /// warehouse holds the same in the end.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `commits, redeliveries and restarts anywhere sum to the same`(seed: UInt64) {
        let lines = shop.randomLines(300, seed: seed)
        let whole = MemoryWarehouse(windowLimit: 1000, openWindows: 1000)
        var single = state()
        take(shop.batch(lines), into: &single, at: Shop.epoch + .seconds(250))
        commit(&single, to: whole)

        var random = Randomness(seed: seed &+ 1000)
        let warehouse = MemoryWarehouse(windowLimit: 1000, openWindows: 1000)
        var state = state(on: warehouse)
        var taken = 0
        var committed = 0
        while committed < lines.count {
            let next = min(lines.count, taken + Int(random.below(40)) + 1)
            // A delivery may begin anywhere in what was taken before.
            let first = random.below(4) == 0 ? Int(random.below(UInt64(taken) + 1)) : taken
            let batch = shop.batch(Array(lines[first..<next]), firstOffset: Int64(first + 1))
            take(batch, into: &state, at: Shop.epoch + .seconds(250))
            taken = next
            switch random.below(4) {
            case 0:
                state = self.state(on: warehouse)
                taken = committed
            case 1: break
            default:
                commit(&state, to: warehouse)
                committed = taken
            }
        }
        #expect(warehouse.contents == whole.contents)
        #expect(warehouse.progress(of: "analytics") == whole.progress(of: "analytics"))
    }
}
