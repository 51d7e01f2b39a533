package import Broker
package import Commerce
package import Storage
internal import Synchronization
internal import Timekeeping

/// Sums events into windows on one worker, or on several side by side.
///
/// The workers share the events by their shopper, or by their session where there is none. Sums
/// add up and sketches unite, so any share gives the same totals; by the shopper, two workers
/// seldom keep the same hash. What they are given is worked off in child tasks
/// (``workOff()``), and their deltas are merged in the order that one worker gives them in.
package struct WindowAggregation: Sendable {
    fileprivate enum Step: Sendable {
        case onTime(Batch, Selection)
        case late(Batch, Int, missed: Grain)
    }

    /// Another worker than the first.
    private final class Worker: Sendable {
        private let aggregator: Mutex<WindowAggregator>

        init(_ options: AnalyticsOptions) {
            aggregator = Mutex(WindowAggregator(options: options))
        }

        func change<Result: Sendable>(
            _ body: @Sendable (inout WindowAggregator) -> Result
        ) -> Result {
            // Never contended: who is at work is waited for before anything else is done.
            aggregator.withLock { body(&$0) }
        }
    }

    private var first: WindowAggregator
    private let others: [Worker]
    /// What several workers are still to add, in order.
    private var steps: [Step] = []
    /// How many events that is.
    private(set) package var waitingEvents = 0
    /// How many events were counted since the last ``takeDeltas()``.
    private(set) package var pendingEvents = 0

    /// An aggregation without any deltas.
    package init(options: AnalyticsOptions) {
        first = WindowAggregator(options: options)
        others = (1..<max(1, options.workers)).map { _ in Worker(options) }
    }

    /// Counts the selected events, in all windows.
    package mutating func add(_ batch: Batch, _ selection: Selection) {
        pendingEvents += selection.count
        guard !others.isEmpty else { return first.add(batch, selection) }
        guard !selection.isEmpty else { return }
        steps.append(.onTime(batch, selection))
        waitingEvents += selection.count
    }

    /// Counts an event in the windows longer than `missed` only: the others are closed.
    package mutating func addLate(_ batch: Batch, _ place: Int, missed: Grain) {
        pendingEvents += 1
        guard !others.isEmpty else { return first.addLate(batch, place, missed: missed) }
        steps.append(.late(batch, place, missed: missed))
        waitingEvents += 1
    }

    /// Has the workers add what they were given, side by side.
    ///
    /// The others leave the executor of the task: it may be that of virtual time, which has one
    /// thread. They share nothing with anyone but what they are given, and are waited for, so when
    /// each of them is done decides nothing.
    package mutating func workOff() async {
        guard !steps.isEmpty else { return }
        let (steps, count) = (takeSteps(), others.count + 1)
        await withDiscardingTaskGroup { group in
            for (number, other) in others.enumerated() {
                group.addTask(executorPreference: globalConcurrentExecutor) {
                    other.change { $0.perform(steps, ofWorker: number + 1, of: count) }
                }
            }
            first.perform(steps, ofWorker: 0, of: count)
        }
    }

    /// Goes on with the symbols of `symbols`, after all deltas were taken.
    mutating func translate(from last: SymbolTable, to symbols: SymbolTable) {
        first.translate(from: last, to: symbols)
        for other in others { other.change { $0.translate(from: last, to: symbols) } }
    }

    /// The deltas since the last call, as ``WindowAggregator/takeDeltas()`` gives them.
    ///
    /// What is not worked off yet is added first, by one worker after the other.
    package mutating func takeDeltas() -> WindowAggregator.Deltas {
        let (steps, count) = (takeSteps(), others.count + 1)
        pendingEvents = 0
        first.perform(steps, ofWorker: 0, of: count)
        var deltas = first.takeDeltas()
        for (number, other) in others.enumerated() {
            let more = other.change { aggregator in
                aggregator.perform(steps, ofWorker: number + 1, of: count)
                return aggregator.takeDeltas()
            }
            deltas.cells = deltas.cells.merged(with: more.cells) {
                $0.key.sortsBefore($1.key)
            } joining: {
                $0.delta += $1.delta
            }
            deltas.products = deltas.products.merged(with: more.products) {
                $0.key.sortsBefore($1.key)
            } joining: {
                $0.delta += $1.delta
            }
            deltas.sketches = deltas.sketches.merged(with: more.sketches) {
                $0.key.sortsBefore($1.key)
            } joining: {
                $0.added += $1.added
            }
            deltas.custom = deltas.custom.merged(with: more.custom) {
                $0.key.sortsBefore($1.key)
            } joining: {
                $0.events += $1.events
            }
        }
        return deltas
    }

    private mutating func takeSteps() -> [Step] {
        defer { (steps, waitingEvents) = ([], 0) }
        return steps
    }
}

extension WindowAggregator {
    /// Adds the share of one of `count` workers.
    fileprivate mutating func perform(
        _ steps: [WindowAggregation.Step],
        ofWorker number: Int,
        of count: Int
    ) {
        for step in steps {
            switch step {
            case .onTime(let batch, let selection):
                let share = batch.share(of: selection, number, of: count)
                if !share.isEmpty { add(batch, .places(share)) }
            case .late(let batch, let place, let missed):
                if batch.events[place].worker(of: count) == number {
                    addLate(batch, place, missed: missed)
                }
            }
        }
    }
}

extension Batch {
    /// The selected places whose events are for the worker with that number.
    fileprivate func share(of selection: Selection, _ number: Int, of count: Int) -> [Int32] {
        var places: [Int32] = []
        places.reserveCapacity(selection.count / count + selection.count / 4 + 8)
        events.withUnsafeBufferPointer { events in
            selection.forEach { place in
                if events[place].worker(of: count) == number { places.append(Int32(place)) }
            }
        }
        return places
    }
}

extension Event {
    /// Which of `count` workers it is for.
    ///
    /// By the symbol: it is another one in another symbol table, and so may be the worker.
    @inline(__always)
    fileprivate func worker(of count: Int) -> Int {
        let key = user.isPresent ? user : session
        // Fibonacci hashing: the upper half of the product is spread evenly.
        let spread = (key.bits &* 0x9E37_79B9_7F4A_7C15) >> 32
        return Int((spread &* UInt64(count)) >> 32)
    }
}

extension Array {
    /// Two lists that are in order and without repeats, as one; what both have is joined.
    fileprivate func merged(
        with other: Self,
        by precedes: (Element, Element) -> Bool,
        joining join: (inout Element, Element) -> Void
    ) -> Self {
        if other.isEmpty { return self }
        if isEmpty { return other }
        var merged: Self = []
        merged.reserveCapacity(count + other.count)
        var (left, right) = (0, 0)
        while left < count, right < other.count {
            if precedes(self[left], other[right]) {
                merged.append(self[left])
                left += 1
            } else if precedes(other[right], self[left]) {
                merged.append(other[right])
                right += 1
            } else {
                merged.append(self[left])
                join(&merged[merged.count - 1], other[right])
                (left, right) = (left + 1, right + 1)
            }
        }
        merged += self[left...]
        merged += other[right...]
        return merged
    }
}

extension SketchKey {
    fileprivate func sortsBefore(_ other: SketchKey) -> Bool {
        (grain, start, measure.place, category.bits)
            < (other.grain, other.start, other.measure.place, other.category.bits)
    }
}
