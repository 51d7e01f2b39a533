package import Broker
package import Commerce
package import Storage
internal import Timekeeping

/// What analytics computes.
package struct AnalyticsOptions: Hashable, Sendable {
    /// The windows that are kept; the shortest is where events are counted, the others are
    /// summed up from it.
    package var grains: [Grain] = [.second, .minute, .hour, .day, .month]
    /// How far behind the watermark an event may be and still be counted in its window.
    package var allowedLateness: Duration = .seconds(10)
    /// Whether distinct shoppers and sessions are counted.
    package var countsDistinct = true
    /// Whether sales are kept by product, in windows of a day.
    package var countsProducts = true
    /// How long deltas may be gathered before they are committed; 0 commits what each receive
    /// gave.
    package var commitInterval: Duration = .milliseconds(100)
    /// How many events may be gathered before they are committed.
    package var commitLimit = 50_000
    /// How many events back a second one with the same `(source, id)` is found.
    package var identityHorizon = 1 << 18

    package init() {}
}

extension CountingClaim {
    /// The claim of a stage that reads `subscription` of `topic` with these options.
    package init(topic: String, subscription: String, options: AnalyticsOptions) {
        var parts = options.grains.sorted().map(CountedPart.windows)
        if options.countsDistinct { parts.append(.distinct) }
        if options.countsProducts { parts.append(.products) }
        self.init(topic: topic, subscription: subscription, parts: parts)
    }
}

/// Sums events into event-time windows; a pure value.
///
/// It holds the deltas since the last ``takeDeltas()``, not the windows: those are in the
/// warehouse, which adds up.
package struct WindowAggregator: Sendable {
    private let options: AnalyticsOptions
    /// Those that are kept, shorter ones first, and the one over everything.
    private let grains: [Grain]
    private var onTime: WindowSums
    /// What late events add to the windows that are longer than the key.
    private var late: [Grain: WindowSums] = [:]
    /// Sales by product; nil where none are kept.
    private var products: ProductSums?
    /// The distinct counts; nil where none are kept.
    private var distinct: DistinctCounter?
    /// How many events were counted since the last ``takeDeltas()``.
    private(set) package var pendingEvents = 0

    /// An aggregator without any deltas.
    package init(options: AnalyticsOptions) {
        self.options = options
        grains = options.grains.sorted() + [.all]
        onTime = WindowSums(base: options.grains.min() ?? .second)
        products = options.countsProducts ? ProductSums() : nil
        distinct = options.countsDistinct ? DistinctCounter(grains: options.grains) : nil
    }

    /// Counts the selected events, in all windows.
    package mutating func add(_ batch: Batch, _ selection: Selection) {
        onTime.add(batch, selection)
        distinct?.add(batch, selection)
        products?.add(batch, selection)
        pendingEvents += selection.count
    }

    /// Counts an event in the windows longer than `missed` only: the others are closed.
    package mutating func addLate(_ batch: Batch, _ place: Int, missed: Grain) {
        let selection = Selection.places([Int32(place)])
        let base = grains.first { $0 > missed } ?? .all
        late[missed, default: WindowSums(base: base)].add(batch, selection)
        distinct?.add(batch, selection, longerThan: missed)
        pendingEvents += 1
        if missed < .day { products?.add(batch, selection) }
    }

    /// Goes on with the symbols of `symbols`, after all deltas were taken.
    mutating func translate(from last: SymbolTable, to symbols: SymbolTable) {
        distinct?.translate(from: last, to: symbols)
        onTime.forgetColumns()
    }

    /// The deltas since the last call, summed up into every grain, in a fixed order.
    package mutating func takeDeltas() -> (
        cells: [(key: WindowKey, delta: WindowCell)],
        products: [(key: ProductKey, delta: ProductCell)],
        sketches: [(key: SketchKey, added: [UInt64])]
    ) {
        var cells: [(key: WindowKey, delta: WindowCell)] = []
        onTime.takeCells(of: grains, into: &cells)
        if !late.isEmpty {
            for missed in Grain.allCases {
                late[missed]?.takeCells(of: grains.filter { $0 > missed }, into: &cells)
            }
            late = [:]
            cells = WindowAggregator.summed(cells)
        }
        pendingEvents = 0
        return (cells, products?.takeDeltas() ?? [], distinct?.takeDeltas() ?? [])
    }

    /// `cells` with a single one a key.
    private static func summed(
        _ cells: [(key: WindowKey, delta: WindowCell)]
    ) -> [(key: WindowKey, delta: WindowCell)] {
        var sums: [(key: WindowKey, delta: WindowCell)] = []
        for (key, delta) in cells.sorted(by: { $0.key.sortsBefore($1.key) }) {
            if sums.last?.key == key {
                sums[sums.count - 1].delta += delta
            } else {
                sums.append((key, delta))
            }
        }
        return sums
    }
}

extension Batch {
    /// Calls `body` with each selected event and the items of the batch.
    ///
    /// Through pointers: a reference count an event would cost more than what is done with it.
    @inline(__always)
    func forEachEvent(
        of selection: Selection,
        _ body: (Event, UnsafeBufferPointer<Item>) -> Void
    ) {
        events.withUnsafeBufferPointer { events in
            items.withUnsafeBufferPointer { items in
                selection.forEach { place in body(events[place], items) }
            }
        }
    }
}

extension WindowCell {
    /// Counts `event`, whose name has the number `name`, with its whole value and these pieces.
    @inline(__always)
    mutating func count(_ name: Int, _ event: Event, units pieces: Int64) {
        events[name] += 1
        if event.name == .purchase {
            units += pieces
            revenue = revenue.addingSaturated(event.value)
            if event.isOrderPart { orderParts += 1 }
        } else if event.name == .refund {
            refunded = refunded.addingSaturated(event.value)
        }
    }
}

extension WindowKey {
    func sortsBefore(_ other: WindowKey) -> Bool {
        (grain, start, category.bits, currency.bits)
            < (other.grain, other.start, other.category.bits, other.currency.bits)
    }
}
