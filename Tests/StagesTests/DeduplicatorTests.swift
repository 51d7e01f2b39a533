import Broker
import Commerce
import Stages
import TestSupport
import Testing
import Timekeeping

struct DeduplicatorTests {
    private let shop = Shop()

    private func batch(_ numbers: [Int], source: String = "shop") -> Batch {
        shop.batch(numbers.map { shop.event($0, source: source) })
    }

    private func admitted(_ ledger: inout Deduplicator, _ batch: Batch) -> [Int] {
        ledger.admit(batch, .range(0..<batch.count)).all
    }

    @Test func `ascending ids are new and new no more the second time`() {
        var ledger = Deduplicator(horizon: 100)
        #expect(admitted(&ledger, batch([1, 2, 3])) == [0, 1, 2])
        #expect(admitted(&ledger, batch([1, 2, 3])) == [])
        #expect(admitted(&ledger, batch([3, 4])) == [1])
    }

    @Test func `ids that come late are new once`() {
        var ledger = Deduplicator(horizon: 100)
        #expect(admitted(&ledger, batch([10])) == [0])
        #expect(admitted(&ledger, batch([5, 7, 5])) == [0, 1])
        #expect(admitted(&ledger, batch([7, 6, 11, 10])) == [1, 2])
    }

    @Test func `a duplicate inside one batch is found`() {
        var ledger = Deduplicator(horizon: 100)
        #expect(admitted(&ledger, batch([1, 2, 2, 3, 1])) == [0, 1, 3])
    }

    @Test func `sources have their own ids`() {
        var ledger = Deduplicator(horizon: 100)
        #expect(admitted(&ledger, batch([1, 2], source: "north")) == [0, 1])
        #expect(admitted(&ledger, batch([1, 2], source: "south")) == [0, 1])
        let mixed = shop.batch([
            shop.event(3, source: "north"), shop.event(3, source: "south"),
            shop.event(2, source: "south"),
        ])
        #expect(admitted(&ledger, mixed) == [0, 1])
    }

    @Test func `an ascending id is remembered for the horizon`() {
        var ledger = Deduplicator(horizon: 10)
        _ = admitted(&ledger, batch(Array(1...100)))
        // 91 to 100 are the last ten.
        #expect(admitted(&ledger, batch([91, 100])) == [])
        #expect(admitted(&ledger, batch([1])) == [0])
    }

    @Test func `ids that follow one another are remembered as long as others`() {
        var ledger = Deduplicator(horizon: 10)
        _ = admitted(&ledger, batch([1, 2, 3, 5, 6, 9, 20, 21, 22, 23, 24, 25]))
        #expect(admitted(&ledger, batch([3, 5, 6, 9, 20, 25])) == [])
        #expect(admitted(&ledger, batch([2, 4, 8, 26])) == [0, 1, 2, 3])
        #expect(admitted(&ledger, batch([4, 26])) == [])
    }

    @Test func `of a selection only the selected are admitted`() {
        var ledger = Deduplicator(horizon: 100)
        let batch = batch([1, 2, 3])
        #expect(ledger.admit(batch, .places([0, 2])).all == [0, 2])
        #expect(ledger.admit(batch, .range(0..<3)).all == [1])
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `within the horizon it is a set of pairs`(seed: UInt64) {
        var random = Randomness(seed: seed)
        var ledger = Deduplicator(horizon: 1000)
        var reference: Set<String> = []
        for _ in 0..<30 {
            let events = (0..<Int(random.below(12)) + 1).map { _ in
                shop.event(Int(random.below(300)), source: random.below(2) == 0 ? "a" : "b")
            }
            let expected = events.indices.filter {
                reference.insert("\(events[$0].source) \(events[$0].id)").inserted
            }
            #expect(admitted(&ledger, shop.batch(events)) == expected)
        }
    }
}
