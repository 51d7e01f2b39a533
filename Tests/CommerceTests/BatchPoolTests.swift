import Commerce
import Testing
import Timekeeping

@Suite struct BatchPoolTests {
    private let symbols = SymbolTable()

    private func batch(_ numbers: Range<Int>, from pool: BatchPool) -> Batch {
        var builder = BatchBuilder(
            stream: symbols.symbol(for: "test", in: .text),
            symbols: symbols,
            capacity: 64,
            pool: pool
        )
        for number in numbers {
            let event = Event(
                id: EventID(high: 1, low: UInt64(number)),
                time: Timestamp(seconds: 1),
                source: .none,
                sequence: Int64(number),
                user: .none,
                session: .none,
                subject: .none,
                subjectNamespace: .order,
                name: .viewItem
            )
            let product = Symbol(number: UInt64(number + 1))
            builder.append(
                event,
                item: Item(product: product, category: .none, price: 1, quantity: 1)
            )
        }
        return builder.finish(schedule: .asRecorded)
    }

    private func address(_ batch: Batch) -> UInt {
        batch.events.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    }

    @Test func `the next batch takes the room of the one that went`() {
        let pool = BatchPool()
        var first: Batch? = batch(0..<64, from: pool)
        let room = first.map(address)
        first = nil
        let second = batch(100..<150, from: pool)
        #expect(address(second) == room)
        #expect(second.events.map(\.sequence) == Array(100..<150))
        #expect(second.items.map(\.product.bits) == Array(101...150))
    }

    @Test func `a batch that is held keeps its events`() {
        let pool = BatchPool()
        let held = batch(0..<64, from: pool)
        var last: Batch?
        for round in 1...10 {
            last = batch(round * 100..<round * 100 + 64, from: pool)
        }
        #expect(held.events.map(\.sequence) == Array(0..<64))
        #expect(last?.events.map(\.sequence) == Array(1000..<1064))
    }

    @Test func `events that outlive their batch are not written over`() {
        let pool = BatchPool()
        var first: Batch? = batch(0..<64, from: pool)
        let events = first?.events
        first = nil
        _ = batch(500..<564, from: pool)
        #expect(events?.map(\.sequence) == Array(0..<64))
    }
}
