import Commerce
import TestSupport
import Testing
import Timekeeping

/// What is made ahead on another thread is what would have been made when it was asked for.
struct AheadSourceTests {
    private func model(
        _ seed: UInt64,
        mix: Bool,
        rate: Double = 100,
        surge: Bool = false
    ) -> any EventSource {
        var load = LoadProfile(shape: .constant(rate: rate), arrivals: .poisson)
        if surge {
            load.surges = [
                LoadProfile.Surge(range: .seconds(3)..<(.seconds(5)), factor: 10)
            ]
        }
        let symbols = SymbolTable()
        let shop = ShopOptions()
        let start = Timestamp(seconds: 1_700_000_000)
        return mix
            ? MixModel(
                shop: shop,
                options: MixOptions(),
                load: load,
                seed: seed,
                start: start,
                source: "s",
                symbols: symbols
            )
            : SessionModel(
                shop: shop,
                options: SessionOptions(),
                load: load,
                seed: seed,
                start: start,
                source: "s",
                symbols: symbols
            )
    }

    /// What a producer gets that asks now for some seconds, now for a few events.
    private func portions(
        of source: any EventSource,
        seed: UInt64,
        asking count: Int
    ) throws
        -> [String]
    {
        var source = source
        var random = Randomness(seed: seed)
        var horizon = Timestamp(seconds: 1_700_000_000)
        var lines: [String] = []
        for _ in 0..<count {
            var builder = BatchBuilder(
                stream: source.stream,
                symbols: source.symbols,
                capacity: 100
            )
            if random.below(2) == 0 { horizon = horizon + .milliseconds(random.below(1500)) }
            let limit = Int(random.below(200))
            let next = try source.fill(&builder, until: horizon, limit: limit)
            lines.append(
                "\(builder.firstOffset) \(builder.events.count) \(String(describing: next))"
            )
            if builder.events.isEmpty { lines[lines.count - 1] = "\(String(describing: next))" }
            for event in builder.events {
                lines.append("\(event) \(builder.items[event.itemRange].map { "\($0)" })")
            }
            if next == nil { break }
        }
        return lines
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `the events and portions are the same, whatever is asked for`(seed: UInt64) throws {
        let (mix, surge) = (seed.isMultiple(of: 3), seed.isMultiple(of: 2))
        let plain = model(seed, mix: mix, surge: surge)
        let ahead = AheadSource(model(seed, mix: mix, surge: surge), portionsOf: Int(seed))
        #expect(
            try portions(of: ahead, seed: seed, asking: 60)
                == portions(of: plain, seed: seed, asking: 60)
        )
    }

    @Test(arguments: [0, 1, 7, 8, 9, 1000])
    func `it ends where the source ends`(events: Int) throws {
        func limited(_ source: some EventSource) -> any EventSource {
            LimitedSource(source, events: events)
        }
        let ahead = AheadSource(limited(model(1, mix: false)), portionsOf: 8)
        let plain = limited(model(1, mix: false))
        #expect(
            try portions(of: ahead, seed: 2, asking: 1000)
                == portions(of: plain, seed: 2, asking: 1000)
        )
    }

    /// A thread that went on would hold the model, and the table of its symbols.
    @Test func `the thread ends with the source, asked or not`() throws {
        weak var symbols: SymbolTable?
        for asking in [0, 1, 50] {
            do {
                let source = AheadSource(model(3, mix: false))
                symbols = source.symbols
                _ = try portions(of: source, seed: 1, asking: asking)
                #expect(symbols != nil)
            }
            #expect(symbols == nil)
        }
    }
}
