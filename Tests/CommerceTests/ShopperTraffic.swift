import Commerce
import Testing
import Timekeeping

/// What a source made, put together from as many batches as it took.
struct Traffic: Equatable {
    static let start = Timestamp(seconds: 1_700_000_000)

    var events: [Event] = []
    var items: [Item] = []
    /// By whether each batch's offsets went on where those of the one before ended.
    var isContiguous = true
    var violations: [RuleViolation] = []

    init() {}

    /// The first `count` events of `source`, asked for at most `limit` at once.
    init(_ source: inout some EventSource, count: Int, limit: Int = 1000) throws {
        while events.count < count {
            let made = try take(
                from: &source,
                until: .distantFuture,
                limit: min(limit, count - events.count)
            )
            if made == 0 { break }
        }
    }

    /// Takes one batch and returns how many events it had.
    mutating func take(
        from source: inout some EventSource,
        until horizon: Timestamp,
        limit: Int
    ) throws -> Int {
        var builder = BatchBuilder(
            stream: source.stream,
            symbols: source.symbols,
            capacity: min(limit, 1000)
        )
        _ = try source.fill(&builder, until: horizon, limit: limit)
        let batch = builder.finish(schedule: .asRecorded)
        if batch.count > 0, batch.origin.firstOffset != Int64(events.count) + 1 {
            isContiguous = false
        }
        violations += EventRules.standard.violations(
            in: batch,
            0..<batch.count,
            latest: .distantFuture
        )
        .map(\.violation)
        for event in batch.events {
            var moved = event
            // Places in the batch become places in the whole.
            if event.itemCount > 0 {
                moved.firstItem = UInt32(items.count)
                items += batch.items[event.itemRange]
            } else {
                moved.firstItem = 0
            }
            events.append(moved)
        }
        return batch.count
    }

    func items(of event: Event) -> ArraySlice<Item> { items[event.itemRange] }

    /// FNV-1a over every field, to notice that seeded events are no longer what they were.
    var digest: UInt64 {
        var bytes: [UInt8] = []
        func mix(_ word: UInt64) {
            withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
        }
        for event in events {
            mix(event.id.high)
            mix(event.id.low)
            mix(UInt64(bitPattern: event.time.nanoseconds))
            mix(event.source.bits)
            mix(UInt64(bitPattern: event.sequence))
            mix(event.user.bits)
            mix(event.session.bits)
            mix(event.subject.bits)
            mix(event.transaction.bits)
            mix(UInt64(bitPattern: event.value))
            mix(UInt64(event.currency.bits))
            mix(UInt64(event.itemCount) << 16 | UInt64(event.name.rawValue) << 8)
            mix(UInt64(event.subjectNamespace.rawValue) << 1 | (event.hasUUID ? 1 : 0))
        }
        for item in items {
            mix(item.product.bits)
            mix(item.category.bits)
            mix(UInt64(bitPattern: item.price))
            mix(UInt64(item.quantity))
        }
        return fnv1a(bytes)
    }

    /// What holds for the events of every traffic model.
    func expectSound() {
        #expect(isContiguous)
        #expect(violations == [])
        #expect(events.map(\.sequence) == (0..<events.count).map { Int64($0) + 1 })
        #expect(zip(events, events.dropFirst()).allSatisfy { $0.id < $1.id })
        #expect(zip(events, events.dropFirst()).allSatisfy { $0.time <= $1.time })
        for event in events {
            let value = items(of: event).reduce(0) { $0 + $1.price * Int64($1.quantity) }
            #expect(event.value == value)
            #expect(event.subjectNamespace == event.name.subjectNamespace)
        }
    }
}

extension LoadProfile {
    static func poisson(_ rate: Double) -> LoadProfile {
        LoadProfile(shape: .constant(rate: rate), arrivals: .poisson)
    }
}

extension ShopOptions {
    /// A shop whose tables take no time to make.
    static var small: ShopOptions {
        var shop = ShopOptions()
        shop.users = 500
        shop.products = 200
        shop.categories = 7
        return shop
    }
}
