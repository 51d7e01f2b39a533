import Commerce
import Storage
import Synchronization
import Testing
import Timekeeping

/// Numbers the drafts: two commits of one number are the same commit.
private let draftedCommits = Atomic<Int64>(0)

extension WarehouseCommit {
    /// A commit whose symbols are of a symbol table of its own, as another process has it.
    ///
    /// The `salt` is interned first, so that equal texts have other symbols in other commits.
    init(_ subscription: String = "analytics", salt: Int = 0) {
        let symbols = SymbolTable()
        for number in 0..<salt {
            _ = symbols.symbol(for: "salt \(number)", in: .text)
        }
        let number = draftedCommits.wrappingAdd(1, ordering: .relaxed).newValue
        self.init(subscription: subscription, number: number, symbols: symbols)
    }

    /// Adds to a window; an empty `category` is the total.
    mutating func add(
        _ grain: Grain,
        _ start: Timestamp,
        category: String = "",
        currency: Currency = .usd,
        _ delta: WindowCell
    ) {
        let key = WindowKey(
            grain: grain,
            start: start,
            category: symbol(category, in: .category),
            currency: currency
        )
        cells.append((key, delta))
    }

    /// Adds to a product's sums of the day that begins at `start`.
    mutating func add(
        product: String,
        on start: Timestamp = Timestamp(seconds: 0),
        currency: Currency = .usd,
        _ delta: ProductCell
    ) {
        let product = symbols.symbol(for: product, in: .product)
        products.append(
            (ProductKey(grain: .day, start: start, product: product, currency: currency), delta)
        )
    }

    /// Adds hashes to a distinct count.
    mutating func add(
        _ measure: Measure,
        _ grain: Grain,
        _ start: Timestamp,
        category: String = "",
        hashes: [UInt64]
    ) {
        let key = SketchKey(
            grain: grain,
            start: start,
            measure: measure,
            category: symbol(category, in: .category)
        )
        sketches.append((key, hashes))
    }

    /// Says how far a stream is consumed.
    mutating func consume(
        _ stream: String,
        _ intervals: ClosedRange<Int64>...,
        watermark: Timestamp = Timestamp(seconds: 1)
    ) {
        progress.append(
            StreamProgress(
                stream: stream,
                consumed: IntervalSet(intervals),
                watermark: watermark
            )
        )
    }

    private func symbol(_ text: String, in namespace: Namespace) -> Symbol {
        text.isEmpty ? .none : symbols.symbol(for: text, in: namespace)
    }
}

extension WindowCell {
    /// A cell in which every number is another one, `factor` times over.
    static func sample(_ factor: Int64 = 1) -> WindowCell {
        var cell = WindowCell()
        // Custom events have counts by name beside them.
        for name in EventName.ga4Cases {
            cell.events[Int(name.rawValue)] = Int64(name.rawValue + 1) * factor
        }
        cell.units = 100 * factor
        cell.revenue = 1000 * factor
        cell.refunded = 10_000 * factor
        return cell
    }

    /// A cell of revenue alone.
    static func revenue(_ amount: Int64) -> WindowCell {
        var cell = WindowCell()
        cell.revenue = amount
        return cell
    }

    /// Everything it counts.
    var text: String {
        let events = EventName.allCases.map { "\(self[$0])" }.joined(separator: " ")
        return "\(events) units \(units) revenue \(revenue) refunded \(refunded)"
    }
}

extension ProductCell {
    init(views: Int64 = 0, orders: Int64 = 0, units: Int64 = 0, revenue: Int64 = 0) {
        self.init()
        self.views = views
        self.orders = orders
        self.units = units
        self.revenue = revenue
    }
}

extension Warehouse {
    /// Everything it says of itself, in a form that can be compared.
    func contents(of subscriptions: [String] = ["analytics"]) async throws -> [String] {
        var lines: [String] = []
        for grain in Grain.allCases {
            for categories in [WindowCategories.total, .each] {
                for row in try await windows(grain, categories: categories) {
                    let distinct = Measure.allCases.map { row.distinct[$0]?.count ?? 0 }
                    lines.append(
                        "\(row.grain) \(row.start.nanoseconds) '\(row.category)' "
                            + "\(row.currency.code) \(row.cell.text) \(distinct)"
                    )
                }
            }
        }
        for row in try await topProducts(atMost: .max) {
            lines.append("\(row.product) \(row.currency.code) \(row.cell)")
        }
        for subscription in subscriptions {
            for stream in try await streams(of: subscription) {
                lines.append("\(subscription) \(stream)")
            }
        }
        lines.append("\(try await exceptions())")
        return lines
    }

    /// The progress of `subscription`, by stream.
    func streams(of subscription: String) async throws -> [StreamProgress] {
        try await progress(of: subscription).sorted { $0.stream < $1.stream }
    }
}

extension WarehouseCommit {
    /// Remembers that events were counted, with a content that follows from the identity.
    mutating func count(_ identities: [IdentityDigest]) {
        counted += identities.map { CountedEvent($0, content: $0.content) }
    }
}

extension IdentityDigest {
    /// What an event of a test says.
    var content: UInt64 { high ^ low &* 0x9e37_79b9_7f4a_7c15 }
}
