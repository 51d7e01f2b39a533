internal import Commerce
internal import Stages
internal import Storage
internal import Timekeeping

/// What analytics computes, in plain arrays: the baseline that shares nothing with the product but
/// the events it is given.
///
/// It takes for granted what the product must not: that shoppers, sessions, products and
/// categories are small numbers, that events come in the order of time, once each, in one
/// currency, and that nobody wants to know anything before a window is over. Its distinct counts
/// are exact: a bit for each number.
struct PlainLoop {
    private struct Sums {
        var events: InlineArray<8, Int64> = InlineArray(repeating: 0)
        var units: Int64 = 0
        var revenue: Int64 = 0
        var refunded: Int64 = 0

        mutating func add(_ other: Sums) {
            for name in 0..<8 { events[name] += other.events[name] }
            units += other.units
            revenue += other.revenue
            refunded += other.refunded
        }
    }

    private struct Sale {
        var views: Int64 = 0
        var orders: Int64 = 0
        var units: Int64 = 0
        var revenue: Int64 = 0
        var lastEvent = 0
    }

    /// A set of small numbers.
    private struct Bits {
        var words: [UInt64] = []

        @inline(__always)
        mutating func insert(_ number: Int) {
            let word = number >> 6
            if word >= words.count {
                words += Array(repeating: 0, count: max(word + 1 - words.count, words.count))
            }
            words[word] |= 1 << UInt64(number & 63)
        }

        mutating func add(_ other: Bits) {
            if other.words.count > words.count {
                words += Array(repeating: 0, count: other.words.count - words.count)
            }
            for word in other.words.indices { words[word] |= other.words[word] }
        }

        mutating func removeAll() {
            for word in words.indices { words[word] = 0 }
        }

        var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
    }

    /// The window of one length that is open.
    private struct Window {
        let length: Int64
        var end: Int64 = 0
        /// Of what has no currency, of all categories, and then of each.
        var sums: [Sums]
        var shoppers = Bits()
        var sessions = Bits()
        var viewing = Bits()
        var buying = Bits()
        /// The shoppers of each category, one category after the other.
        var byCategory = Bits()

        mutating func add(_ other: Window) {
            for place in sums.indices { sums[place].add(other.sums[place]) }
            shoppers.add(other.shoppers)
            sessions.add(other.sessions)
            viewing.add(other.viewing)
            buying.add(other.buying)
            byCategory.add(other.byCategory)
        }

        mutating func begin(at time: Int64) {
            end = length == .max ? .max : (time / length + 1) * length
            for place in sums.indices { sums[place] = Sums() }
            shoppers.removeAll()
            sessions.removeAll()
            viewing.removeAll()
            buying.removeAll()
            byCategory.removeAll()
        }
    }

    private let users: Int
    private let countsDistinct: Bool
    private let countsProducts: Bool
    /// The shortest, which alone is given events.
    private var base: Window
    /// The longer ones, each of which is summed from the one before it.
    private var longer: [Window] = []
    private var sales: [Sale]
    /// For each category the last event with several items that counts in it.
    private var lastEvents: [Int]
    private var number = 0
    /// What the windows that are over came to.
    private var distinct = 0

    /// A loop over the events of `shop` that counts what `options` say.
    init(_ shop: ShopOptions, _ options: AnalyticsOptions) {
        users = shop.users + 1
        countsDistinct = options.countsDistinct
        countsProducts = options.countsProducts
        let lengths = options.grains.sorted().map { grain -> Int64 in
            switch grain {
            case .second: 1_000_000_000
            case .minute: 60_000_000_000
            case .hour: 3_600_000_000_000
            case .day: 86_400_000_000_000
            // A month is not over before the benchmark is.
            case .month, .all: .max
            }
        }
        let sums = Array(repeating: Sums(), count: shop.categories + 2)
        base = Window(length: lengths[0], sums: sums)
        longer = (lengths[1...] + [.max]).map { Window(length: $0, sums: sums) }
        sales = Array(repeating: Sale(), count: shop.products + 1)
        lastEvents = Array(repeating: 0, count: shop.categories + 2)
    }

    mutating func add(_ batch: Batch) {
        batch.items.withUnsafeBufferPointer { items in
            for event in batch.events { add(event, items) }
        }
    }

    @inline(__always)
    private mutating func add(_ event: Event, _ items: UnsafeBufferPointer<Item>) {
        if event.time.nanoseconds >= base.end { close(by: event.time.nanoseconds) }
        number += 1
        let name = Int(event.name.rawValue)
        let (isSold, isViewed) = (event.name == .purchase, event.name == .viewItem)
        let total = event.itemCount == 0 ? 0 : 1
        base.sums[total].events[name] += 1
        if isSold { base.sums[total].revenue += event.value }
        if event.name == .refund { base.sums[total].refunded += event.value }
        let user = Int(event.user.bits)
        for item in items[event.itemRange] {
            let category = Int(item.category.bits) + 1
            let worth = item.price * Int64(item.quantity)
            if lastEvents[category] != number {
                lastEvents[category] = number
                base.sums[category].events[name] += 1
            }
            if isSold {
                base.sums[total].units += Int64(item.quantity)
                base.sums[category].units += Int64(item.quantity)
                base.sums[category].revenue += worth
            } else if event.name == .refund {
                base.sums[category].refunded += worth
            }
            if countsDistinct { base.byCategory.insert((category - 2) * users + user) }
            if countsProducts, isSold || isViewed { sell(item, worth, isSold) }
        }
        if countsDistinct {
            let session = Int(event.session.bits)
            base.shoppers.insert(user)
            base.sessions.insert(session)
            if isViewed { base.viewing.insert(session) }
            if isSold { base.buying.insert(session) }
        }
    }

    @inline(__always)
    private mutating func sell(_ item: Item, _ worth: Int64, _ isSold: Bool) {
        let product = Int(item.product.bits)
        let isFirst: Int64 = sales[product].lastEvent == number ? 0 : 1
        sales[product].lastEvent = number
        if isSold {
            sales[product].orders += isFirst
            sales[product].units += Int64(item.quantity)
            sales[product].revenue += worth
        } else {
            sales[product].views += isFirst
        }
    }

    /// Sums the windows that are over at `time` into the next longer ones.
    private mutating func close(by time: Int64) {
        distinct += base.shoppers.count + base.sessions.count
        longer[0].add(base)
        base.begin(at: time)
        for place in 0..<longer.count - 1 where longer[place].end <= time {
            longer[place + 1].add(longer[place])
            distinct += longer[place].shoppers.count + longer[place].sessions.count
            longer[place].begin(at: time)
        }
    }

    /// Sums up what is open; how many events were counted.
    mutating func finish() -> Int64 {
        longer[0].add(base)
        for place in 0..<longer.count - 1 { longer[place + 1].add(longer[place]) }
        guard let all = longer.last else { return 0 }
        precondition(
            all.sessions.count > 0 || !countsDistinct,
            "the plain loop lost its sessions"
        )
        return all.sums[..<2].reduce(0) { sum, total in
            (0..<8).reduce(sum) { $0 + total.events[$1] }
        }
    }
}
