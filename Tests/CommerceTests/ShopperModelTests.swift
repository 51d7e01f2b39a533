import Commerce
import Testing
import Timekeeping

struct ShopperModelTests {
    static func model(
        shop: ShopOptions = .small,
        options: SessionOptions = .busy,
        load: LoadProfile? = .poisson(5000),
        seed: UInt64 = 1,
        numberBefore: UInt64 = 0
    ) -> SessionModel {
        SessionModel(
            shop: shop,
            options: options,
            load: load,
            seed: seed,
            start: Traffic.start,
            numberBefore: numberBefore,
            source: "/shop",
            symbols: SymbolTable()
        )
    }

    static func traffic(_ model: SessionModel, count: Int, limit: Int = 1000) throws -> Traffic {
        var model = model
        return try Traffic(&model, count: count, limit: limit)
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `events are sound, numbered on and named in ascending order`(seed: UInt64) throws {
        let traffic = try Self.traffic(Self.model(seed: seed), count: 10_000)
        #expect(traffic.events.count == 10_000)
        traffic.expectSound()
    }

    @Test func `the same seed gives the same events and another seed others`() throws {
        let traffic = try Self.traffic(Self.model(seed: 3), count: 3000)
        #expect(try Self.traffic(Self.model(seed: 3), count: 3000) == traffic)
        #expect(try Self.traffic(Self.model(seed: 4), count: 3000) != traffic)
    }

    @Test func `the first 10,000 events of seed 42 are what they always were`() throws {
        let standard = Self.model(options: SessionOptions(), seed: 42)
        let first = try Self.traffic(standard, count: 10_000).digest
        #expect(first == 4_027_796_173_049_235_584)
        let busy = Self.model(options: .busy, seed: 42)
        let second = try Self.traffic(busy, count: 10_000).digest
        #expect(second == 6_840_027_322_294_720_022)
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

    @Test func `the load changes when events happen and not which`() throws {
        let paced = try Self.traffic(Self.model(), count: 2000)
        let unpaced = try Self.traffic(Self.model(load: nil), count: 2000)
        #expect(paced.items == unpaced.items)
        #expect(paced.events.map(\.session) == unpaced.events.map(\.session))
        #expect(unpaced.events.allSatisfy { $0.time == .distantFuture })
    }

    @Test func `about one session in twenty buys in the standard shop`() throws {
        var options = SessionOptions()
        options.concurrentSessions = 64
        let traffic = try Self.traffic(Self.model(options: options), count: 100_000)
        let sessions = Set(traffic.events.map(\.session)).count
        let orders = traffic.events.count { $0.name == .purchase }
        #expect((0.03...0.08).contains(Double(orders) / Double(sessions)))
        for name in EventName.ga4Cases {
            #expect(traffic.events.contains { $0.name == name })
        }
    }

    @Test func `sessions are numbered on and each has one shopper`() throws {
        let traffic = try Self.traffic(Self.model(), count: 20_000)
        var users: [Symbol: Symbol] = [:]
        var newest: UInt64 = 0
        for event in traffic.events {
            if let user = users[event.session] {
                #expect(event.user == user)
            } else {
                newest += 1
                #expect(event.session == Symbol(number: newest))
                users[event.session] = event.user
            }
            #expect((1...500).contains(event.user.bits))
        }
    }

    @Test func `the first second has the mix of every other`() throws {
        var options = SessionOptions()
        options.refundProbability = 0
        var shares: [EventName: (first: Int, later: Int)] = [:]
        for seed in 1...30 as ClosedRange<UInt64> {
            // About one event of each of 1024 sessions; then those of sessions long seen.
            let early = Self.model(options: options, seed: seed)
            for event in try Self.traffic(early, count: 1000).events {
                shares[event.name, default: (0, 0)].first += 1
            }
            options.concurrentSessions = 8
            let late = Self.model(options: options, seed: seed)
            for event in try Self.traffic(late, count: 2000).events.dropFirst(1000) {
                shares[event.name, default: (0, 0)].later += 1
            }
            options.concurrentSessions = 1024
        }
        for (name, count) in shares where name != .refund {
            let (first, later) = (Double(count.first), Double(count.later))
            // Five standard errors of a difference of two counts.
            #expect(abs(first - later) < 5 * (first + later).squareRoot(), "\(name)")
        }
        #expect(shares[.purchase, default: (0, 0)].first > 200)
    }

    @Test func `a shop that goes on has new sessions and new orders`() throws {
        let first = try Self.traffic(Self.model(), count: 5000)
        let second = try Self.traffic(Self.model(numberBefore: 5000), count: 5000)
        second.expectSound()
        let sessions = [first, second].map { Set($0.events.map(\.session)) }
        #expect(sessions[0].isDisjoint(with: sessions[1]))
        let orders = [first, second].map { Set($0.events.map(\.transaction)) }
        #expect(orders[0].intersection(orders[1]) == [.none])
        #expect(first.events.map(\.name) != second.events.map(\.name))
    }

    @Test func `without a number of shoppers every session has a new one`() throws {
        var shop = ShopOptions.small
        shop.users = 0
        let traffic = try Self.traffic(Self.model(shop: shop), count: 5000)
        #expect(traffic.events.allSatisfy { $0.user == $0.session })
    }

    @Test func `landing and moving on follow the options`() throws {
        var options = SessionOptions.busy
        options.landing = [.search: 1]
        options.transitions = [.search: [.viewItem: 1], .viewItem: [.search: 0.25]]
        let traffic = try Self.traffic(Self.model(options: options), count: 40_000)
        #expect(traffic.events.allSatisfy { $0.name == .search || $0.name == .viewItem })
        // A search is always followed by a view, and a view by leaving three times in four.
        let sessions = Set(traffic.events.map(\.session)).count
        let searches = traffic.events.count { $0.name == .search }
        #expect(abs(Double(searches) / Double(sessions) - 4.0 / 3) < 0.02)
    }

    @Test func `the standard probabilities are proper ones`() {
        for name in EventName.ga4Cases {
            let next = SessionOptions.standardTransitions[name] ?? [:]
            #expect(next.values.allSatisfy { $0 >= 0 })
            #expect(next.values.reduce(0, +) <= 1 + 1e-12)
        }
        #expect(abs(SessionOptions().landing.values.reduce(0, +) - 1) < 1e-12)
    }
}

extension SessionOptions {
    /// A shop in which much is bought and refunded, with small carts and few sessions at once.
    static var busy: SessionOptions {
        var options = SessionOptions()
        options.transitions[.viewItem] = [.addToCart: 0.6, .viewItem: 0.2, .search: 0.1]
        options.transitions[.addToCart] = [
            .addToCart: 0.2, .viewItem: 0.3, .removeFromCart: 0.1, .beginCheckout: 0.4,
        ]
        options.transitions[.beginCheckout] = [
            .purchase: 0.7, .removeFromCart: 0.1, .viewItem: 0.1, .addToCart: 0.1,
        ]
        options.transitions[.purchase] = [.viewItem: 0.5]
        options.refundProbability = 0.4
        options.cartLimit = 3
        options.concurrentSessions = 16
        return options
    }
}
