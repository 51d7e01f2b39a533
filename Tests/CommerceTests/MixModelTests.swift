import Commerce
import Testing
import Timekeeping

struct MixModelTests {
    private static func model(
        shop: ShopOptions = .small,
        options: MixOptions = MixOptions(),
        load: LoadProfile? = .poisson(5000),
        seed: UInt64 = 1
    ) -> MixModel {
        MixModel(
            shop: shop,
            options: options,
            load: load,
            seed: seed,
            start: Traffic.start,
            source: "/shop",
            symbols: SymbolTable()
        )
    }

    private static func traffic(_ model: MixModel, count: Int, limit: Int = 1000) throws -> Traffic
    {
        var model = model
        return try Traffic(&model, count: count, limit: limit)
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `events are sound, numbered on and named in ascending order`(seed: UInt64) throws {
        let traffic = try Self.traffic(Self.model(seed: seed), count: 5000)
        #expect(traffic.events.count == 5000)
        traffic.expectSound()
    }

    @Test func `the same seed gives the same events and another seed others`() throws {
        let traffic = try Self.traffic(Self.model(seed: 3), count: 3000)
        #expect(try Self.traffic(Self.model(seed: 3), count: 3000) == traffic)
        #expect(try Self.traffic(Self.model(seed: 4), count: 3000) != traffic)
    }

    @Test func `the first 10,000 events of seed 42 are what they always were`() throws {
        let traffic = try Self.traffic(Self.model(seed: 42), count: 10_000)
        #expect(traffic.digest == 11_811_272_782_230_567_285)
    }

    @Test func `events do not depend on how they are asked for`() throws {
        let whole = try Self.traffic(Self.model(), count: 4000)
        #expect(try Self.traffic(Self.model(), count: 4000, limit: 7) == whole)
        var model = Self.model()
        var cut = Traffic()
        var chance = Randomness(seed: 8)
        var horizon = Traffic.start
        while cut.events.count < 4000 {
            horizon = horizon + .microseconds(Int(chance.below(3000)))
            let limit = min(Int(chance.below(40)), 4000 - cut.events.count)
            _ = try cut.take(from: &model, until: horizon, limit: limit)
        }
        #expect(cut == whole)
    }

    @Test func `no event lies after the horizon, and the next one's time is reported`() throws {
        var model = Self.model()
        var builder = BatchBuilder(stream: model.stream, symbols: model.symbols, capacity: 10)
        let horizon = Traffic.start + .milliseconds(100)
        let next = try model.fill(&builder, until: horizon, limit: .max)
        #expect(builder.events.count > 300)
        #expect(builder.events.allSatisfy { $0.time <= horizon })
        #expect(next.map { $0 > horizon } == true)
        #expect(builder.offsets.isEmpty && builder.firstOffset == 1)
        var following = BatchBuilder(stream: model.stream, symbols: model.symbols, capacity: 10)
        _ = try model.fill(&following, until: .distantFuture, limit: 1)
        #expect(following.events.first?.time == next)
        #expect(following.firstOffset == Int64(builder.events.count) + 1)
    }

    @Test func `without a load events have the time they are asked for`() throws {
        var model = Self.model(load: nil)
        var traffic = Traffic()
        for second in [1, 2, 2, 1, 5] {
            let horizon = Traffic.start + .seconds(second)
            #expect(try traffic.take(from: &model, until: horizon, limit: 600) == 600)
        }
        traffic.expectSound()
        let seconds = stride(from: 0, to: 3000, by: 600).map {
            (traffic.events[$0].time - Traffic.start).inSeconds
        }
        // Never back: the fourth time asked for lay after the third.
        #expect(seconds == [1, 2, 2, 2, 5])
    }

    @Test func `shares are those of the options`() throws {
        let traffic = try Self.traffic(Self.model(), count: 50_000)
        let shares = MixOptions().shares
        for name in EventName.ga4Cases {
            let count = traffic.events.count { $0.name == name }
            #expect(abs(Double(count) - 50_000 * (shares[name] ?? 0)) < 450)
        }
        for quantity in 1...3 {
            let count = traffic.items.count { $0.quantity == quantity }
            #expect(abs(count - 16_667) < 450)
        }
    }

    @Test func `events without items are empty and worth nothing`() throws {
        var options = MixOptions()
        options.shares = [.search: 0.5, .viewItemList: 0.25, .purchase: 0.25]
        let traffic = try Self.traffic(Self.model(options: options), count: 2000)
        traffic.expectSound()
        let empty = traffic.events.filter { $0.name != .purchase }
        #expect(empty.allSatisfy { $0.itemCount == 0 && $0.currency == .none && $0.value == 0 })
        #expect(empty.count + traffic.items.count == 2000)
    }

    @Test func `orders count up, and no order is refunded twice`() throws {
        let traffic = try Self.traffic(Self.model(), count: 20_000)
        for name in [EventName.purchase, .refund] {
            let orders = traffic.events.filter { $0.name == name }.map(\.transaction)
            #expect(orders == (0..<orders.count).map { Symbol(number: UInt64($0) + 1) })
        }
        for event in traffic.events {
            let isOrder = event.subjectNamespace == .order
            #expect(event.transaction == (isOrder ? event.subject : .none))
        }
    }

    @Test func `without a number of shoppers every event has a new one`() throws {
        var shop = ShopOptions.small
        shop.users = 0
        let traffic = try Self.traffic(Self.model(shop: shop), count: 1000)
        #expect(traffic.events.map(\.user) == (0..<1000).map { Symbol(number: UInt64($0) + 1) })
    }

    @Test func `a source ends after its number of events`() throws {
        var source = LimitedSource(Self.model(), events: 1234)
        let traffic = try Traffic(&source, count: .max, limit: 100)
        #expect(traffic.events.count == 1234)
        #expect(try traffic == Self.traffic(Self.model(), count: 1234))
        var builder = BatchBuilder(stream: source.stream, symbols: source.symbols, capacity: 1)
        #expect(try source.fill(&builder, until: .distantFuture, limit: 10) == nil)
        #expect(builder.events.isEmpty)
    }

    @Test func `a source ends before its end time`() throws {
        let load = LoadProfile(shape: .constant(rate: 1000), arrivals: .uniform)
        var source = LimitedSource(Self.model(load: load), end: Traffic.start + .seconds(2))
        let traffic = try Traffic(&source, count: .max, limit: 333)
        #expect(traffic.events.count == 2000)
        #expect(traffic.events.allSatisfy { $0.time < Traffic.start + .seconds(2) })
    }

    @Test func `a source without a load ends when it is asked at its end time`() throws {
        let end = Traffic.start + .seconds(1)
        var source = LimitedSource(Self.model(load: nil), end: end, isPaced: false)
        var traffic = Traffic()
        let early = end - .nanoseconds(1)
        #expect(try traffic.take(from: &source, until: early, limit: 50) == 50)
        #expect(try traffic.take(from: &source, until: end, limit: 50) == 0)
        #expect(traffic.events.allSatisfy { $0.time == early })
    }

    @Test func `a load that is 0 for good ends the source`() throws {
        var model = Self.model(load: .poisson(0))
        var builder = BatchBuilder(stream: model.stream, symbols: model.symbols, capacity: 1)
        #expect(try model.fill(&builder, until: .distantFuture, limit: 10) == nil)
        #expect(builder.events.isEmpty)
    }
}
