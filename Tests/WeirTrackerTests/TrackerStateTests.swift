import Testing
import WeirTracker

/// The decisions, with a clock that is handed in.
@Suite struct TrackerStateTests {
    private static func options(
        _ change: (inout TrackerOptions) -> Void = { _ in }
    ) -> TrackerOptions {
        var options = TrackerOptions(environment: ["WEIR_COLLECTOR_URL": "http://127.0.0.1:1"])
        options.batchCount = 4
        options.batchBytes = 50
        options.queueCount = 20
        options.queueBytes = 200
        change(&options)
        return options
    }

    private func add(_ count: Int, to state: inout TrackerState, at now: Duration = .zero) {
        for number in 0..<count { _ = state.add(Array("\(number)".utf8), at: now) }
    }

    private func body(_ step: TrackerState.Step) -> String? {
        if case .send(let body) = step { String(decoding: body, as: UTF8.self) } else { nil }
    }

    @Test func `a batch is sent once it is full, has its bytes, or is old enough`() {
        var state = TrackerState(Self.options())
        #expect(state.next(at: .zero) == .wait(until: nil))
        add(3, to: &state, at: .seconds(5))
        #expect(state.next(at: .seconds(5)) == .wait(until: .seconds(6)))
        #expect(body(state.next(at: .seconds(6))) == "[0,1,2]")
        state.settle(.accepted, at: .seconds(6), chance: 0)
        add(5, to: &state)
        #expect(body(state.next(at: .zero)) == "[0,1,2,3]")
        state.settle(.accepted, at: .zero, chance: 0)
        #expect(state.next(at: .zero) == .wait(until: .seconds(1)))
        state.flush()
        #expect(body(state.next(at: .zero)) == "[4]")
        state.settle(.accepted, at: .zero, chance: 0)
        let long = Array(repeating: UInt8(ascii: "7"), count: 30)
        _ = state.add(long, at: .zero)
        _ = state.add(long, at: .zero)
        #expect(body(state.next(at: .zero))?.utf8.count == 32)
        #expect(state.counts.sent == 8 && state.counts.waiting == 2)
    }

    @Test func `the queue is bounded, and what does not fit is counted`() {
        var state = TrackerState(Self.options())
        add(25, to: &state)
        #expect(state.counts.dropped == [.full: 5])
        state = TrackerState(Self.options { $0.batchBytes = 100 })
        for _ in 0..<5 { _ = state.add(Array(repeating: 49, count: 79), at: .zero) }
        #expect(state.counts.dropped == [.full: 3])
        _ = state.add(Array(repeating: 49, count: 99), at: .zero)
        #expect(state.counts.dropped == [.full: 3, .tooLarge: 1])
        #expect(state.counts.tracked == 6 && state.counts.waiting == 2)
        state = TrackerState(TrackerOptions(environment: [:]))
        add(2, to: &state)
        #expect(state.counts.dropped == [.noCollector: 2])
    }

    @Test func `a failed batch is sent again as it was, after pauses that grow and are spread`() {
        var state = TrackerState(Self.options())
        add(2, to: &state)
        state.flush()
        let first = body(state.next(at: .zero))
        var now = Duration.zero
        for limit in [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000] {
            state.settle(.failed("down", retryAfter: nil), at: now, chance: UInt64(limit))
            add(1, to: &state, at: now)
            #expect(state.next(at: now) == .wait(until: now + .milliseconds(limit)))
            now += .milliseconds(limit)
            #expect(body(state.next(at: now)) == first)
        }
        state.settle(.failed("down", retryAfter: nil), at: now, chance: 30_001)
        #expect(body(state.next(at: now)) == first)
        #expect(state.counts.trouble == "down" && state.counts.retries == 10)
        state.settle(.accepted, at: now, chance: 0)
        #expect(state.counts.trouble == nil && state.counts.sent == 2)
    }

    @Test func `no batch is sent again before the collector's time`() {
        var state = TrackerState(Self.options())
        add(4, to: &state)
        _ = state.next(at: .zero)
        state.settle(.failed("full", retryAfter: .seconds(7)), at: .zero, chance: 500)
        #expect(state.next(at: .seconds(7)) == .wait(until: .milliseconds(7500)))
        _ = state.next(at: .seconds(8))
        state.settle(.failed("full", retryAfter: .seconds(1 << 31)), at: .zero, chance: 0)
        #expect(state.next(at: .zero) == .wait(until: .seconds(300)))
    }

    @Test func `of a refused batch only the event that has it refused is dropped`() {
        for bad in 0..<8 {
            var state = TrackerState(Self.options { $0.batchCount = 8 })
            add(8, to: &state)
            var sent: [Substring] = []
            var requests = 0
            while let batch = body(state.next(at: .zero)) {
                requests += 1
                let events = batch.dropFirst().dropLast().split(separator: ",")
                let isBad = events.contains("\(bad)")
                if !isBad { sent += events }
                state.settle(
                    isBad ? .refused(.malformed, "no") : .accepted,
                    at: .zero,
                    chance: 0
                )
            }
            #expect(sent == (0..<8).filter { $0 != bad }.map { "\($0)" })
            #expect(state.counts.dropped == [.malformed: 1] && state.counts.sent == 7)
            #expect(requests <= 7)
        }
    }

    @Test func `a key that is nobody's has the whole batch dropped`() {
        var state = TrackerState(Self.options())
        add(4, to: &state)
        _ = state.next(at: .zero)
        state.settle(.refused(.unauthorized, "whose?"), at: .zero, chance: 0)
        #expect(state.counts.dropped == [.unauthorized: 4] && state.settled == 4)
        #expect(state.counts.trouble == "whose?")
    }

    @Test func `a closed tracker sends what it has, and drops the rest at its time`() {
        var state = TrackerState(Self.options())
        add(6, to: &state)
        state.close(at: .seconds(3))
        add(1, to: &state)
        #expect(body(state.next(at: .zero)) == "[0,1,2,3]")
        state.settle(.accepted, at: .zero, chance: 0)
        #expect(body(state.next(at: .zero)) == "[4,5]")
        state.settle(.failed("full", retryAfter: .seconds(60)), at: .zero, chance: 0)
        #expect(state.next(at: .zero) == .wait(until: .seconds(3)))
        #expect(state.next(at: .seconds(3)) == .end)
        #expect(state.counts.dropped == [.closed: 1, .unsent: 2])
        #expect(state.counts.sent == 4 && state.counts.waiting == 0)
    }

    @Test func `an answer that comes after its events were given up changes nothing`() {
        var state = TrackerState(Self.options())
        add(4, to: &state)
        _ = state.next(at: .zero)
        state.abandon()
        state.settle(.accepted, at: .zero, chance: 0)
        #expect(state.counts.sent == 0 && state.counts.dropped == [.unsent: 4])
    }

    @Test(arguments: 0..<200) func `every event is sent once or counted as dropped`(seed: UInt64) {
        var chance = Chance(state: seed)
        var state = TrackerState(Self.options())
        var (now, next, sent) = (Duration.zero, 0, [Int]())
        for _ in 0..<400 {
            switch chance.next() % 4 {
            case 0, 1:
                _ = state.add(Array("\(next)".utf8), at: now)
                next += 1
            case 2: now += .milliseconds(Int64(chance.next() % 900))
            default:
                guard let batch = body(state.next(at: now)) else { continue }
                let events = batch.dropFirst().dropLast().split(separator: ",").compactMap {
                    Int($0)
                }
                let outcome: TrackerState.Outcome =
                    switch chance.next() % 4 {
                    case 0: .refused(.malformed, "no")
                    case 1: .failed("down", retryAfter: nil)
                    default: .accepted
                    }
                if outcome == .accepted { sent += events }
                state.settle(outcome, at: now, chance: chance.next())
            }
            let counts = state.counts
            let dropped = counts.dropped.values.reduce(0, +)
            #expect(counts.tracked == counts.sent + dropped + counts.waiting)
        }
        #expect(state.counts.tracked == next && state.counts.sent == sent.count)
        #expect(sent == Array(Set(sent)).sorted())
    }
}

/// Chance with a seed (SplitMix64).
private struct Chance {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
