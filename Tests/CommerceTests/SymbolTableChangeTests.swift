import Commerce
import Testing
import Timekeeping

/// A log with more texts than a symbol table has room for goes through several of them.
struct SymbolTableChangeTests {
    /// What an event says, without symbols.
    private struct Said: Equatable {
        var id: String
        var texts: [String]
        var items: [String]
        var original: String?
        var isPart: Bool

        init(_ batch: Batch, _ place: Int) {
            let event = batch.events[place]
            let symbols = batch.symbols
            id = batch.idText(of: place)
            texts = [
                symbols.text(of: event.source, in: .text),
                symbols.text(of: event.user, in: .user),
                symbols.text(of: event.session, in: .session),
                symbols.text(of: event.subject, in: event.subjectNamespace),
                symbols.text(of: event.transaction, in: .order),
            ]
            items = batch.items[event.itemRange].map { item in
                symbols.text(of: item.product, in: .product) + " "
                    + symbols.text(of: item.category, in: .category) + " \(item.quantity)"
            }
            original = batch.original(place)
            isPart = event.isOrderPart
        }
    }

    /// What the log says, read in batches of at most 5 events, and how many symbol tables that
    /// took.
    private func read(
        _ path: String,
        as format: InputFormat,
        _ mapping: CSVMapping?,
        limit: Int
    ) throws -> (said: [Said], symbolTables: Int) {
        var source = try openInput(
            path: path,
            format: format,
            mapping: mapping,
            options: LogOptions(),
            symbols: SymbolTable(limit: limit)
        )
        let stream = source.symbols.text(of: source.stream, in: .text)
        var said: [Said] = []
        var symbolTables: [SymbolTable] = []
        var next: Timestamp? = .distantPast
        while next != nil {
            var builder = BatchBuilder(
                stream: source.stream,
                symbols: source.symbols,
                capacity: 5
            )
            next = try source.fill(&builder, until: .distantFuture, limit: 5)
            let batch = builder.finish(schedule: .asRecorded)
            #expect(batch.symbols.text(of: batch.origin.stream, in: .text) == stream)
            said += batch.events.indices.map { Said(batch, $0) }
            if symbolTables.last !== batch.symbols { symbolTables.append(batch.symbols) }
        }
        return (said, symbolTables.count)
    }

    private func time(_ second: Int) -> String {
        Timestamp(seconds: 1_700_000_000 + Int64(second)).description
    }

    /// The right values are those of a symbol table that is never full.
    @Test func `rows of orders that stand between each other say the same in any of them`() throws {
        let mapping = CSVMapping.orders {
            $0.transaction = "order"
            $0.session = "visit"
            $0.product = "sku"
            $0.category = "kind"
            $0.quantity = "units"
            $0.amount = .value(column: "total")
        }
        var text = "order,ordered_at,customer,visit,sku,kind,units,total\n"
        for line in 0..<1200 {
            // Three orders at a time, whose lines take turns, and one whose line comes far later.
            let order = line % 400 == 399 ? 1 : line / 12 * 3 + line % 3
            text += "order number \(order),\(time(line)),customer number \(order % 50),"
            text += "visit number \(order),product number \(line % 70),kind number \(line % 9),"
            text += "1,2.50\n"
        }
        let log = try TemporaryLog(text, name: "shop.csv")
        let whole = try read(log.path, as: .csv, mapping, limit: .max)
        let parted = try read(log.path, as: .csv, mapping, limit: 4000)
        #expect(whole.symbolTables == 1)
        #expect(parted.symbolTables > 5)
        #expect(parted.said == whole.said)
        #expect(whole.said.contains { $0.isPart })
    }

    @Test func `objects say the same in any of them`() throws {
        let text = (0..<400).map { line in
            """
            {"specversion":"1.0","id":"the id \(line)","source":"/a/shop/in/town",\
            "type":"view_item","time":"\(time(line))",\
            "data":{"user_id":"shopper number \(line)","session_id":"visit number \(line)",\
            "items":[{"item_id":"product \(line % 30) of them","item_category":"a long kind",\
            "price":1.00,"quantity":1}]}}

            """
        }.joined()
        let log = try TemporaryLog(text, name: "shop.ndjson")
        let whole = try read(log.path, as: .ndjson, nil, limit: .max)
        let parted = try read(log.path, as: .ndjson, nil, limit: 4000)
        #expect(whole.said.count == 400)
        #expect(whole.symbolTables == 1)
        #expect(parted.symbolTables > 5)
        #expect(parted.said == whole.said)
    }
}
