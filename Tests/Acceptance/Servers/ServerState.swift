import Testing

/// What the stores say, as far as it must be the same whatever a run went through.
struct ServerState {
    var events: [String]
    var windows: [String]
    var products: [String]
    var counted: [String]
    var shoppers: Report.Distinct?

    init(_ stores: ServerStores, _ report: Report) throws {
        events = try stores.events()
        windows = try stores.rows("SELECT w::text FROM window_aggregates w ORDER BY 1")
        products = try stores.rows("SELECT p::text FROM product_sales p ORDER BY 1")
        counted = try stores.rows("SELECT identity FROM counted_events ORDER BY 1")
        shoppers = report.warehouse?.totals.shoppers
    }

    /// Says where it differs, which as a whole would be too long to read.
    func expectEqual(to expected: ServerState, _ comment: Comment) {
        #expect(events.count == expected.events.count, comment)
        for (name, mine, other) in [
            ("events", events, expected.events), ("windows", windows, expected.windows),
            ("products", products, expected.products), ("counted", counted, expected.counted),
        ] {
            let isSame = mine == other
            let difference = mine.difference(from: other).prefix(3)
            #expect(isSame, "\(comment): \(name) differ, first by \(difference)")
        }
        #expect(shoppers == expected.shoppers, comment)
    }
}
