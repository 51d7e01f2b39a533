import Commerce
import Foundation
import Testing
import Timekeeping

struct CloudEventRoundTripTests {
    private static let alphabet: [Unicode.Scalar] = [
        "a", "Z", "0", "-", " ", "\"", "\\", "/", "\u{1}", "\n", "\u{1f}", "\u{7f}", "é",
        "\u{2028}",
        "漢", "😀", "\u{ffff}", "\u{10ffff}",
    ]

    /// A symbol that is absent, a number of the shop, or any text.
    private func symbol(
        _ random: inout Randomness,
        _ namespace: Namespace,
        _ symbols: SymbolTable
    ) -> Symbol {
        switch random.below(3) {
        case 0: return .none
        case 1: return Symbol(number: random.below(999_999_999) + 1)
        default:
            var text = String.UnicodeScalarView()
            for _ in 0..<random.below(12) {
                let index = Int(random.below(UInt64(CloudEventRoundTripTests.alphabet.count)))
                text.append(CloudEventRoundTripTests.alphabet[index])
            }
            return symbols.symbol(for: String(text), in: namespace)
        }
    }

    private func randomBatch(_ random: inout Randomness, _ symbols: SymbolTable) -> Batch {
        var builder = BatchBuilder(
            stream: symbols.symbol(for: "test", in: .text),
            symbols: symbols,
            capacity: 100
        )
        let currencies = ["USD", "JPY", "KWD", "CLF"].compactMap { Currency(code: $0) } + [.none]
        for _ in 0..<100 {
            let name = EventName.allCases[Int(random.below(8))]
            let amount = Int64(bitPattern: random.next()) >> Int64(random.below(60) + 3)
            let event = Event(
                id: EventID(high: random.next(), low: random.next()),
                time: Timestamp(nanoseconds: Int64(bitPattern: random.next()) >> 1),
                source: symbols.symbol(for: "/source/\(random.below(3))\"", in: .text),
                sequence: Int64(random.next() >> (1 + random.below(63))),
                user: symbol(&random, .user, symbols),
                session: symbol(&random, .session, symbols),
                subject: symbol(&random, name.subjectNamespace, symbols),
                subjectNamespace: name.subjectNamespace,
                transaction: symbol(&random, .order, symbols),
                value: amount,
                currency: currencies[Int(random.below(UInt64(currencies.count)))],
                name: name,
                isOrderPart: random.below(4) == 0
            )
            var items: [Item] = []
            for _ in 0..<random.below(4) {
                items.append(
                    Item(
                        product: symbol(&random, .product, symbols),
                        category: symbol(&random, .category, symbols),
                        price: Int64(bitPattern: random.next()) >> Int64(random.below(64)),
                        quantity: Int32(truncatingIfNeeded: random.next())
                    )
                )
            }
            builder.append(event, items: items)
        }
        return builder.finish(schedule: .asRecorded)
    }

    @Test(arguments: 1...20)
    func `what was written reads back the same`(seed: UInt64) throws {
        let symbols = SymbolTable()
        var random = Randomness(seed: seed)
        let batch = randomBatch(&random, symbols)
        let decoder = CloudEventDecoder(symbols: symbols)
        for index in batch.events.indices {
            var bytes: [UInt8] = []
            CloudEventEncoder().append(index, of: batch, to: &bytes)
            let decoded = try decoder.decode(bytes[...])
            var expected = batch.events[index]
            expected.firstItem = 0
            expected.itemCount = 0
            #expect(decoded.event == expected)
            #expect(decoded.items == Array(batch.items[batch.events[index].itemRange]))
            // A library of its own agrees that it is JSON.
            _ = try JSONSerialization.jsonObject(with: Data(bytes))
        }
    }
}
