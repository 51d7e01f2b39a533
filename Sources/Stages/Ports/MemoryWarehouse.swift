package import Broker
package import Commerce
internal import Synchronization
internal import Timekeeping

/// A warehouse in this process's memory: aggregates and exceptions, gone when it ends.
///
/// Its memory is bounded: of each grain it keeps the latest windows only, and of the windows that
/// are no longer among the very latest it keeps the distinct counts as numbers, to which a late
/// event adds nothing. Only the identities of a log's events grow with the log, by some 30 bytes
/// each.
package final class MemoryWarehouse: Warehouse {
    private struct TextKey: Hashable {
        var grain: Grain
        var start: Int64
        var name: String
        var currency: Currency
    }

    private struct State {
        var cells: [TextKey: WindowCell] = [:]
        var products: [TextKey: ProductCell] = [:]
        var sketches: [SketchText: DistinctSketch] = [:]
        /// The distinct counts of windows whose sketches were let go.
        var settled: [SketchText: DistinctCount] = [:]
        /// The windows that are kept.
        var starts: [Grain: Set<Int64>] = [:]
        var progress: [String: [StreamProgress]] = [:]
        var counted: [String: Set<EventIdentity>] = [:]
        var late: Int64 = 0
        var deadLetters: Set<String> = []
    }

    /// Of how many windows of a grain the sketches are kept.
    private let openWindows: Int
    private let windowLimit: Int
    private let state = Mutex(State())

    /// An empty warehouse that keeps about `windowLimit` windows of each grain, and lets late
    /// events still count in the distinct counts of the latest `openWindows`.
    package init(windowLimit: Int = 600, openWindows: Int = 16) {
        self.windowLimit = windowLimit
        self.openWindows = openWindows
    }

    package func progress(of subscription: String) -> [StreamProgress] {
        state.withLock { $0.progress[subscription] ?? [] }
    }

    package func counted(
        _ identities: [EventIdentity],
        by subscription: String
    ) -> Set<EventIdentity> {
        state.withLock { $0.counted[subscription, default: []].intersection(identities) }
    }

    package func sketch(_ key: SketchText) -> [UInt64] {
        state.withLock { $0.sketches[key]?.values ?? [] }
    }

    package func commit(_ commit: WarehouseCommit) {
        let lexicon = commit.lexicon
        state.withLock { state in
            // The grains that have a new window, and so an old one too many.
            var grown: Set<Grain> = []
            for (key, delta) in commit.cells {
                let text = TextKey(
                    grain: key.grain,
                    start: key.start.nanoseconds,
                    name: lexicon.text(of: key.category, in: .category),
                    currency: key.currency
                )
                state.cells[text, default: WindowCell()] += delta
                if state.starts[key.grain, default: []].insert(key.start.nanoseconds).inserted {
                    grown.insert(key.grain)
                }
            }
            for (key, delta) in commit.products {
                let text = TextKey(
                    grain: key.grain,
                    start: key.start.nanoseconds,
                    name: lexicon.text(of: key.product, in: .product),
                    currency: key.currency
                )
                state.products[text, default: ProductCell()] += delta
            }
            for (key, added) in commit.sketches {
                let text = SketchText(key, lexicon)
                guard state.settled[text] == nil else { continue }
                var sketch =
                    state.sketches.removeValue(forKey: text)
                    ?? DistinctSketch(capacity: key.capacity)
                for hash in added {
                    sketch.insert(hash)
                }
                state.sketches[text] = sketch
            }
            for grain in grown.sorted() {
                settle(grain, &state)
                forgetOldest(grain, &state)
            }
            state.late += Int64(commit.late.count)
            state.counted[commit.subscription, default: []].formUnion(commit.identities)
            merge(commit.progress, into: &state.progress[commit.subscription, default: []])
        }
    }

    /// Turns the sketches of all but the latest windows into counts.
    private func settle(_ grain: Grain, _ state: inout State) {
        let starts = state.starts[grain, default: []]
        guard starts.count > openWindows else { return }
        let open = starts.sorted().suffix(openWindows)
        let oldest = open.first ?? .min
        // order-free: each is moved to a place of its own.
        for (key, sketch) in state.sketches
        where key.grain == grain && key.start.nanoseconds < oldest {
            state.settled[key] = DistinctCount(sketch)
            state.sketches[key] = nil
        }
    }

    private func forgetOldest(_ grain: Grain, _ state: inout State) {
        let starts = state.starts[grain, default: []]
        // In large steps, so that forgetting costs little a commit.
        guard starts.count > windowLimit + windowLimit / 8 else { return }
        let kept = Set(starts.sorted().suffix(windowLimit))
        state.starts[grain] = kept
        state.cells = state.cells.filter { $0.key.grain != grain || kept.contains($0.key.start) }
        state.settled = state.settled.filter {
            $0.key.grain != grain || kept.contains($0.key.start.nanoseconds)
        }
    }

    private func merge(_ changes: [StreamProgress], into progress: inout [StreamProgress]) {
        for change in changes {
            if let index = progress.firstIndex(where: { $0.stream == change.stream }) {
                progress[index] = change
            } else {
                progress.append(change)
            }
        }
    }

    package func keep(_ letters: [DeadLetter]) {
        state.withLock { state in
            for letter in letters {
                let batch = letter.publication.batch
                let source = batch.lexicon.text(
                    of: batch.events[letter.place].source,
                    in: .text
                )
                let id = batch.idText(of: letter.place)
                state.deadLetters.insert("\(letter.subscription)\u{0}\(source)\u{0}\(id)")
            }
        }
    }

    package func windows(_ grain: Grain, categories: WindowCategories) -> [WindowRow] {
        state.withLock { state in
            state.cells
                .filter { $0.key.grain == grain && $0.key.name.isEmpty == (categories == .total) }
                .map { key, cell in
                    var distinct: [Measure: DistinctCount] = [:]
                    for measure in Measure.allCases {
                        let sketch = SketchText(
                            grain: grain,
                            start: .init(nanoseconds: key.start),
                            measure: measure,
                            category: key.name
                        )
                        distinct[measure] =
                            state.settled[sketch]
                            ?? state.sketches[sketch].map(DistinctCount.init)
                    }
                    return WindowRow(
                        grain: grain,
                        start: .init(nanoseconds: key.start),
                        category: key.name,
                        currency: key.currency,
                        cell: cell,
                        distinct: distinct
                    )
                }
                .sorted(by: WindowRow.sortsBefore)
        }
    }

    package func topProducts(atMost limit: Int) -> [ProductRow] {
        var sums: [String: [Currency: ProductCell]] = [:]
        for (key, cell) in state.withLock({ $0.products }) {
            sums[key.name, default: [:]][key.currency, default: ProductCell()] += cell
        }
        let rows = sums.flatMap { product, cells in
            cells.map { ProductRow(product: product, currency: $0.key, cell: $0.value) }
        }
        return Array(rows.sorted(by: ProductRow.ranksBefore).prefix(limit))
    }

    package func exceptions() -> WarehouseExceptions {
        state.withLock {
            WarehouseExceptions(late: $0.late, deadLetters: Int64($0.deadLetters.count))
        }
    }

    package func close() {}
}

extension ProductCell {
    /// Adds what `other` counted.
    package static func += (left: inout ProductCell, right: ProductCell) {
        left.views += right.views
        left.orders += right.orders
        left.units = left.units.addingSaturated(right.units)
        left.revenue = left.revenue.addingSaturated(right.revenue)
    }
}

extension ProductRow {
    /// The order of a list of top products: by revenue, then by name, so that it is always the
    /// same.
    package static func ranksBefore(_ left: ProductRow, _ right: ProductRow) -> Bool {
        if left.cell.revenue != right.cell.revenue {
            return left.cell.revenue > right.cell.revenue
        }
        if left.product != right.product {
            return left.product.utf8.lexicographicallyPrecedes(right.product.utf8)
        }
        return left.currency.code < right.currency.code
    }
}

extension WindowRow {
    /// The order of a list of windows: texts by their bytes, as every store can sort them.
    fileprivate static func sortsBefore(_ left: WindowRow, _ right: WindowRow) -> Bool {
        if left.start != right.start { return left.start < right.start }
        if left.category != right.category {
            return left.category.utf8.lexicographicallyPrecedes(right.category.utf8)
        }
        return left.currency.code < right.currency.code
    }
}

extension SketchText {
    /// `key` with the text of its category.
    package init(_ key: SketchKey, _ lexicon: Lexicon) {
        self.init(
            grain: key.grain,
            start: key.start,
            measure: key.measure,
            category: lexicon.text(of: key.category, in: .category)
        )
    }
}
