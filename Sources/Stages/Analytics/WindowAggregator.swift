package import Broker
package import Commerce
package import Storage
internal import Timekeeping

/// Sums events into event-time windows; a pure value.
///
/// It holds the deltas since the last ``takeDeltas()``, not the windows: those are in the
/// warehouse, which adds up.
package struct WindowAggregator: Sendable {
    /// What a commit adds to the warehouse.
    package typealias Deltas = (
        cells: [(key: WindowKey, delta: WindowCell)],
        products: [(key: ProductKey, delta: ProductCell)],
        sketches: [(key: SketchKey, added: [UInt64])],
        custom: [(key: CustomEventKey, events: Int64)]
    )

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
    private var custom = CustomEventSums()
    /// How many events were counted since the last ``takeDeltas()``.
    private(set) package var pendingEvents = 0

    /// An aggregator without any deltas.
    package init(options: AnalyticsOptions) {
        self.options = options
        grains = options.grains.sorted() + [.all]
        onTime = WindowSums(base: options.grains.min() ?? .second)
        products = options.countsProducts ? ProductSums() : nil
        distinct = options.keptDistinct.map { DistinctCounter($0) }
    }

    /// Counts the selected events, in all windows.
    package mutating func add(_ batch: Batch, _ selection: Selection) {
        onTime.add(batch, selection)
        distinct?.add(batch, selection)
        products?.add(batch, selection)
        custom.add(batch, selection, in: grains)
        pendingEvents += selection.count
    }

    /// Counts an event in the windows longer than `missed` only: the others are closed.
    package mutating func addLate(_ batch: Batch, _ place: Int, missed: Grain) {
        let selection = Selection.places([Int32(place)])
        let base = grains.first { $0 > missed } ?? .all
        late[missed, default: WindowSums(base: base)].add(batch, selection)
        distinct?.add(batch, selection, longerThan: missed)
        custom.add(batch, selection, in: grains.filter { $0 > missed })
        pendingEvents += 1
        if missed < .day { products?.add(batch, selection) }
    }

    /// Goes on with the symbols of `symbols`, after all deltas were taken.
    mutating func translate(from last: SymbolTable, to symbols: SymbolTable) {
        distinct?.translate(from: last, to: symbols)
        onTime.forgetColumns()
    }

    /// The deltas since the last call, summed up into every grain, in a fixed order.
    package mutating func takeDeltas() -> Deltas {
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
        return (
            cells, products?.takeDeltas() ?? [], distinct?.takeDeltas() ?? [], custom.takeDeltas()
        )
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
