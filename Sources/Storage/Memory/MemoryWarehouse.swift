package import Broker
package import Commerce
package import Datasets
internal import Synchronization
internal import Timekeeping

/// A warehouse in this process's memory: aggregates and exceptions, gone when it ends.
///
/// Its memory is bounded: of each grain it keeps the latest windows only, and of the windows that
/// are no longer among the very latest it keeps the distinct counts as numbers, to which a late
/// event adds nothing. Only the identities of a log's events grow with the log, by some 30 bytes
/// each.
package final class MemoryWarehouse: Warehouse {
    struct State {
        var commits = 0
        /// The number of the last commit of each subscription.
        var lastCommits: [String: Int64] = [:]
        var categories = TextNumbers()
        var productNames = TextNumbers()
        var windows: [Grain: [Int64: MemoryWindow]] = [:]
        /// The windows whose distinct counts still grow.
        var open: [Grain: Set<Int64>] = [:]
        /// By the number of the product's name.
        var products: [[(currency: Currency, cell: ProductCell)]] = []
        /// Of all windows together, by the bytes of their names.
        var custom: [[UInt8]: Int64] = [:]
        var progress: [String: [StreamProgress]] = [:]
        var counted: [String: CountedAnswer] = [:]
        var uncounted: [UncountedEvent.Reason: Set<[UInt8]>] = [:]
        var owners: [String: String] = [:]
        var parts: [CountedPart: KeptPart] = [:]
        /// No sum is further from 0 than this.
        var reach: UInt64 = 0
        /// By the longest window that each missed.
        var late: [Grain: Int64] = [:]
        var deadLetters: Set<[UInt8]> = []
    }

    package let catalogue: (any DatasetCatalogue)?
    private let limits: [Grain: Limit]
    let state = Mutex(State())

    /// How many of the latest windows of a grain are kept, about, and of how many of those a
    /// late event still counts in the distinct counts.
    private struct Limit {
        var windows: Int
        var open: Int

        /// The short windows are read while they are new, and forgotten before
        /// anything is made of their hashes; the days of a year are reported.
        static func standard(_ grain: Grain) -> Limit {
            switch grain {
            case .second, .minute: Limit(windows: 32, open: 64)
            case .hour: Limit(windows: 32, open: 4)
            case .day, .month, .all: Limit(windows: 512, open: 2)
            }
        }
    }

    /// An empty warehouse that keeps about `windowLimit` windows of each grain, and lets late
    /// events still count in the distinct counts of the latest `openWindows`; for each grain as
    /// many as make sense where it is not said.
    package init(
        windowLimit: Int? = nil,
        openWindows: Int? = nil,
        catalogue: (any DatasetCatalogue)? = nil
    ) {
        self.catalogue = catalogue
        var limits: [Grain: Limit] = [:]
        for grain in Grain.allCases {
            let standard = Limit.standard(grain)
            limits[grain] = Limit(
                windows: windowLimit ?? standard.windows,
                open: openWindows ?? standard.open
            )
        }
        self.limits = limits
    }

    package func progress(of subscription: String) -> [StreamProgress] {
        state.withLock { $0.progress[subscription] ?? [] }
    }

    package func alreadyCounted(
        _ question: CountedQuestion,
        by subscription: String
    ) -> CountedAnswer {
        state.withLock { state in
            guard let all = state.counted[subscription] else { return CountedAnswer() }
            var answer = CountedAnswer()
            for identity in question.events {
                answer.events[identity] = all.events[identity]
            }
            answer.orders = all.orders.intersection(question.orders)
            return answer
        }
    }

    package func sketch(_ key: SketchText) -> [UInt64] {
        state.withLock { state in
            guard let category = state.categories.known(key.category) else { return [] }
            let part = MemoryWindow.Part(measure: key.measure, category: category)
            let window = state.windows[key.grain]?[key.start.nanoseconds]?.unfolded
            return window?.hashes(of: part) ?? []
        }
    }

    package func commit(_ commit: WarehouseCommit) throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            let stored = state.progress[commit.subscription] ?? []
            let isStored = commit.isStored(last: state.lastCommits[commit.subscription]) { stream in
                stored.first { $0.stream == stream }?.consumed
            }
            if isStored { return }
            state.lastCommits[commit.subscription] = commit.number
            state.commits += 1
            state.categories.read(commit.symbols)
            state.productNames.read(commit.symbols)
            if let name = sumBeyondRange(commit, &state) {
                throw StoreError(
                    .refused,
                    "the warehouse in memory: with this commit, \(name) is beyond what 64 bits "
                        + "hold; nothing of it is counted"
                )
            }
            add(commit.cells, to: &state)
            add(commit.products, to: &state)
            add(commit.sketches, to: &state)
            for (key, events) in commit.custom where key.grain == .all {
                let name = Array(commit.symbols.text(of: key.name).utf8)
                state.custom[name, default: 0] += events
            }
            // order-free: each grain has windows of its own.
            for (grain, limit) in limits {
                settle(grain, but: limit.open, &state)
                forgetOldest(grain, but: limit.windows, &state)
            }
            for event in commit.counted {
                state.counted[commit.subscription, default: CountedAnswer()]
                    .events[event.identity] = event.content
            }
            state.counted[commit.subscription, default: CountedAnswer()]
                .orders.formUnion(commit.orders)
            for event in commit.uncounted {
                let name = MemoryWarehouse.name(
                    commit.subscription,
                    event.publication.batch,
                    event.place
                )
                state.uncounted[event.reason, default: []]
                    .insert(name + "\u{0}\(event.content)".utf8)
            }
            for event in commit.late { state.late[event.missed, default: 0] += 1 }
            merge(commit.progress, into: &state.progress[commit.subscription, default: []])
        }
    }

    /// The first sum that `commit` would bring beyond its range, in words; the windows over
    /// everything are at least what all others are.
    private func sumBeyondRange(_ commit: WarehouseCommit, _ state: inout State) -> String? {
        // While all of them together would be in range, each is.
        state.reach = commit.reach(beyond: state.reach)
        if state.reach <= UInt64(Int64.max) { return nil }
        for (key, delta) in commit.cells where key.grain == .all {
            let category = state.categories.number(of: key.category, in: .category)
            let sum = MemoryWindow.Sum(category: category, currency: key.currency)
            let window = state.windows[.all]?[key.start.nanoseconds]
            if window?.isBeyondRange(adding: delta, to: sum) == true {
                return "what was sold or refunded in \(key.currency.code)"
            }
        }
        for (key, delta) in commit.products {
            let product = state.productNames.number(of: key.product, in: .product)
            guard product < state.products.count else { continue }
            let known = state.products[product].first { $0.currency == key.currency }
            if known?.cell.isBeyondRange(adding: delta) == true {
                let text = state.productNames.text(of: product)
                return "the revenue of product \(text) in \(key.currency.code)"
            }
        }
        return nil
    }

    private func add(_ cells: [(key: WindowKey, delta: WindowCell)], to state: inout State) {
        for run in runs(of: cells, { ($0.key.grain, $0.key.start) }) {
            let first = cells[run.lowerBound].key
            change(first.grain, first.start, in: &state) { window, categories in
                for (key, delta) in cells[run] {
                    let category = categories.number(of: key.category, in: .category)
                    window.add(delta, to: .init(category: category, currency: key.currency))
                }
            }
        }
    }

    private func add(_ sketches: [(key: SketchKey, added: [UInt64])], to state: inout State) {
        for run in runs(of: sketches, { ($0.key.grain, $0.key.start) }) {
            let first = sketches[run.lowerBound].key
            state.open[first.grain, default: []].insert(first.start.nanoseconds)
            change(first.grain, first.start, in: &state) { window, categories in
                for (key, added) in sketches[run] {
                    let part = MemoryWindow.Part(
                        measure: key.measure,
                        category: categories.number(of: key.category, in: .category)
                    )
                    window.add(added, to: part, capacity: key.capacity)
                }
            }
        }
    }

    /// Where the rows of each window stand; those of one window stand together.
    private func runs<Row>(
        of rows: [Row],
        _ window: (Row) -> (Grain, Timestamp)
    ) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for place in rows.indices {
            if let last = runs.last, window(rows[last.lowerBound]) == window(rows[place]) {
                runs[runs.count - 1] = last.lowerBound..<place + 1
            } else {
                runs.append(place..<place + 1)
            }
        }
        return runs
    }

    private func change(
        _ grain: Grain,
        _ start: Timestamp,
        in state: inout State,
        _ body: (inout MemoryWindow, inout TextNumbers) -> Void
    ) {
        // Taken out and put back, so that it is changed in place.
        var window =
            state.windows[grain]?.removeValue(forKey: start.nanoseconds)
            ?? MemoryWindow(commit: state.commits)
        window.begin(state.commits)
        body(&window, &state.categories)
        state.windows[grain, default: [:]][start.nanoseconds] = window
    }

    private func add(_ products: [(key: ProductKey, delta: ProductCell)], to state: inout State) {
        for (key, delta) in products {
            let product = state.productNames.number(of: key.product, in: .product)
            while state.products.count <= product { state.products.append([]) }
            // By currency: one as a rule, but there are as many as three letters write.
            let known = state.products[product].partitioningIndex {
                $0.currency.bits >= key.currency.bits
            }
            if known < state.products[product].count,
                state.products[product][known].currency == key.currency
            {
                state.products[product][known].cell += delta
            } else {
                state.products[product].insert((key.currency, delta), at: known)
            }
        }
    }

    /// Turns the hashes of all windows but the latest `count` into counts.
    private func settle(_ grain: Grain, but count: Int, _ state: inout State) {
        guard let open = state.open[grain], open.count > count else { return }
        // order-free: each is settled by itself.
        for start in open.sorted().dropLast(count) {
            state.open[grain]?.remove(start)
            state.windows[grain]?[start]?.settle()
        }
    }

    private func forgetOldest(_ grain: Grain, but count: Int, _ state: inout State) {
        guard let starts = state.windows[grain]?.keys,
            // In large steps, so that forgetting costs little a commit.
            starts.count > count + count / 8
        else { return }
        for start in starts.sorted().dropLast(count) {
            state.windows[grain]?[start] = nil
            state.open[grain]?.remove(start)
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

    package func storeDeadLetters(_ letters: [DeadLetter<Batch>]) {
        state.withLock { state in
            for letter in letters {
                let batch = letter.publication.batch
                let name = MemoryWarehouse.name(letter.subscription, batch, letter.place)
                state.deadLetters.insert(name)
            }
        }
    }

    /// Nothing asks this warehouse later; the subscriptions have counted them.
    package func storeDropped(_ dropped: [DroppedMessages]) {}

    /// Who an event is to a subscription, in the bytes of one text.
    private static func name(_ subscription: String, _ batch: Batch, _ place: Int) -> [UInt8] {
        let source = batch.symbols.text(of: batch.events[place].source, in: .text)
        return Array("\(subscription)\u{0}\(source)\u{0}\(batch.idText(of: place))".utf8)
    }

    package func windows(_ grain: Grain, categories: WindowCategories) -> [WindowRow] {
        let (windows, names) = state.withLock { ($0.windows[grain] ?? [:], $0.categories) }
        return windows.flatMap { start, window in
            let window = window.unfolded
            return window.cells.compactMap { sum, cell -> WindowRow? in
                let category = names.text(of: sum.category)
                guard category.isEmpty == (categories == .total) else { return nil }
                return WindowRow(
                    grain: grain,
                    start: .init(nanoseconds: start),
                    category: category,
                    currency: sum.currency,
                    cell: cell,
                    distinct: window.counts(of: sum.category),
                    conversion: category.isEmpty ? window.conversion : nil
                )
            }
        }
        .sorted(by: WindowRow.sortsBefore)
    }

    package func customEvents() -> [CustomEventRow] {
        // order-free: sorted by bytes, which in UTF-8 is by code points
        state.withLock { $0.custom.sorted { $0.key.lexicographicallyPrecedes($1.key) } }
            .map { CustomEventRow(name: String(decoding: $0.key, as: UTF8.self), events: $0.value) }
    }

    package func topProducts(atMost limit: Int) -> [ProductRow] {
        let (products, names) = state.withLock { ($0.products, $0.productNames) }
        let rows = products.enumerated().flatMap { product, cells in
            cells.map {
                ProductRow(product: names.text(of: product), currency: $0, cell: $1)
            }
        }
        return Array(rows.sorted(by: ProductRow.ranksBefore).prefix(limit))
    }

    package func exceptions() -> WarehouseExceptions {
        state.withLock {
            WarehouseExceptions(
                // order-free: a sum
                late: $0.late.values.reduce(0, +),
                deadLetters: Int64($0.deadLetters.count),
                repeatedOrders: Int64($0.uncounted[.repeatedOrder]?.count ?? 0),
                conflicts: Int64($0.uncounted[.conflict]?.count ?? 0)
            )
        }
    }

    package var isVolatile: Bool { true }

    package func close() {}
}

extension WarehouseCommit {
    /// How far from 0 a sum may be that was no further than `reach` before.
    fileprivate func reach(beyond reach: UInt64) -> UInt64 {
        var sum = reach
        var isBeyond = false
        func add(_ value: Int64) {
            let (partial, overflow) = sum.addingReportingOverflow(value.magnitude)
            sum = partial
            isBeyond = isBeyond || overflow
        }
        for (key, delta) in cells where key.grain == .all {
            add(delta.revenue)
            add(delta.refunded)
            add(delta.units)
        }
        for (_, delta) in products {
            add(delta.revenue)
            add(delta.units)
        }
        return isBeyond ? .max : sum
    }
}

extension ProductCell {
    fileprivate func isBeyondRange(adding delta: ProductCell) -> Bool {
        revenue.addingReportingOverflow(delta.revenue).overflow
            || units.addingReportingOverflow(delta.units).overflow
    }

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
        if !left.category.utf8.elementsEqual(right.category.utf8) {
            return left.category.utf8.lexicographicallyPrecedes(right.category.utf8)
        }
        return left.currency.code < right.currency.code
    }
}

extension SketchText {
    /// `key` with the text of its category.
    package init(_ key: SketchKey, _ symbols: SymbolTable) {
        self.init(
            grain: key.grain,
            start: key.start,
            measure: key.measure,
            category: symbols.text(of: key.category, in: .category)
        )
    }
}
