import Broker
import Commerce
import TestSupport
import Testing
import Timekeeping

/// Messages held to a bound on how long they may take, while they wait and when they end.
struct MessageDelayTests {
    private let shop = Shop()
    private let start = Shop.epoch
    private let trouble = FailureReason(label: "trouble", detail: "the sink is away")
    private let tenSeconds = DurationLimit(nanoseconds: 10_000_000_000, isInclusive: true)
    private let underTenSeconds = DurationLimit(nanoseconds: 10_000_000_000, isInclusive: false)

    private func at(_ seconds: Int) -> Timestamp { start + .seconds(seconds) }

    private func publish(
        _ batch: Batch,
        _ position: Int64,
        at now: Timestamp,
        to state: inout DeliveryState<Batch>
    ) {
        let publication = Publication(batch: batch, firstPosition: position, publishTime: now)
        _ = state.handle(.publish(publication, .range(0..<batch.count)), at: now)
    }

    @Test func `a message that waits is bad from its limit on, and once`() {
        var state = DeliveryState<Batch>(
            name: "orders",
            policy: SubscriptionPolicy(),
            delayLimits: [tenSeconds, underTenSeconds]
        )
        publish(shop.views(3, at: start), 1, at: start, to: &state)
        #expect(state.delays(at: at(9)).map(\.beyond) == [0, 0])
        // Ten seconds are within ten seconds, and not under them.
        #expect(state.delays(at: at(10)).map(\.beyond) == [0, 3])
        #expect(state.delays(at: at(11)).map(\.beyond) == [3, 3])
        #expect(state.oldestDue == start)
        let delivery = state.handle(.pull(10), at: at(12)).deliveries[0]
        #expect(state.delays(at: at(12)).map(\.beyond) == [3, 3])
        _ = state.handle(.settle(delivery.id, .ack), at: at(13))
        #expect(state.delays(at: at(40)).map(\.beyond) == [3, 3])
        #expect(state.delays(at: at(40)).map(\.within) == [0, 0])
        #expect(state.oldestDue == nil)
    }

    @Test func `a message counts from its intended send, whenever it was published`() {
        var state = DeliveryState<Batch>(
            name: "orders",
            policy: SubscriptionPolicy(),
            delayLimits: [tenSeconds]
        )
        publish(shop.views(2, at: start), 1, at: at(60), to: &state)
        #expect(state.delays(at: at(60)).map(\.beyond) == [2])
        #expect(state.oldestDue == start)
    }

    @Test func `a message that is given up in time counts nowhere, and a late one stays bad`() {
        var policy = SubscriptionPolicy()
        policy.maximumAttempts = 1
        var state = DeliveryState<Batch>(
            name: "orders",
            policy: policy,
            delayLimits: [tenSeconds]
        )
        for (second, position) in [(1, 1), (20, 3)] {
            publish(
                shop.views(2, from: position, at: start),
                Int64(position),
                at: start,
                to: &state
            )
            let delivery = state.handle(.pull(10), at: at(second)).deliveries[0]
            _ = state.handle(.settle(delivery.id, .nack(trouble)), at: at(second))
        }
        #expect(state.counts.deadLettered == 4)
        #expect(state.delays(at: at(20)).map(\.beyond) == [2])
        #expect(state.delays(at: at(20)).map(\.within) == [0])
    }

    /// What the counts should be, message by message.
    private struct Naive {
        var due: [Int64: Timestamp] = [:]
        var ended: [Int64: (at: Timestamp, isAcked: Bool)] = [:]

        func count(_ limit: DurationLimit, at now: Timestamp) -> DelayCount {
            var count = DelayCount()
            for (position, due) in due {
                let end = ended[position]
                let waited = ((end?.at ?? now) - due).inNanoseconds
                if !limit.accepts(waited) {
                    count.beyond += 1
                } else if end?.isAcked == true {
                    count.within += 1
                }
            }
            return count
        }
    }

    @Test(arguments: 1...40)
    func `whatever happens, each message counts once, as soon as it is beyond`(seed: UInt64) {
        var chance = Randomness(seed: seed)
        var policy = SubscriptionPolicy()
        policy.maximumAttempts = 3
        policy.ackDeadline = .seconds(15)
        policy.minimumBackoff = .seconds(1)
        policy.maximumBackoff = .seconds(4)
        let limits = [
            tenSeconds, underTenSeconds, DurationLimit(nanoseconds: 0, isInclusive: true),
        ]
        var state = DeliveryState<Batch>(name: "orders", policy: policy, delayLimits: limits)
        var naive = Naive()
        var open: [Delivery<Batch>] = []
        var position: Int64 = 1
        var last = limits.map { _ in DelayCount() }
        for second in 0..<200 {
            let now = at(second)
            switch chance.below(4) {
            case 0:
                let due = at(second - Int(chance.below(14)))
                let count = Int(chance.below(5)) + 1
                publish(
                    shop.views(count, from: Int(position), at: due),
                    position,
                    at: now,
                    to: &state
                )
                for _ in 0..<count {
                    naive.due[position] = due
                    position += 1
                }
            case 1:
                let actions = state.handle(.pull(Int(chance.below(6)) + 1), at: now)
                open += actions.deliveries
                for letter in actions.deadLetters {
                    let lost = letter.publication.position(at: letter.place)
                    naive.ended[lost] = (now, false)
                }
            default:
                guard !open.isEmpty else { continue }
                let delivery = open.remove(at: Int(chance.below(UInt64(open.count))))
                let acked = state.counts.acked
                let isAck = chance.below(3) > 0
                let letters = state.letters(
                    settling: delivery,
                    isAck ? .ack : .nack(trouble),
                    at: now
                )
                if state.counts.acked > acked {
                    for place in delivery.positions { naive.ended[place] = (now, true) }
                }
                for letter in letters {
                    naive.ended[letter.publication.position(at: letter.place)] = (now, false)
                }
            }
            let delays = state.delays(at: now)
            #expect(delays == limits.map { naive.count($0, at: now) }, "second \(second)")
            for (place, count) in delays.enumerated() {
                #expect(count.beyond >= last[place].beyond && count.within >= last[place].within)
            }
            last = delays
        }
    }
}
