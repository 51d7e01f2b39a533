import Commerce
import Testing
import Timekeeping

/// Rows without an id are known by what they say and how often it was said before.
struct RowIdentityTests {
    private let orders = CSVMapping.orders {
        $0.timeFormat = .yyyymmdd
        $0.transaction = "order"
        $0.quantity = "units"
        $0.amount = .value(column: "total")
    }

    private func ids(_ rows: [String], _ door: LogDoor) throws -> [String] {
        let text = (["order,ordered_at,customer,units,total"] + rows).map { "\($0)\n" }.joined()
        let batch = try door.read(text, as: .csv, mapping: orders).batch
        let source = batch.symbols.text(of: batch.events[0].source, in: .text)
        return batch.events.indices.map { "\(source) \(batch.idText(of: $0))" }
    }

    @Test func `a row is the same through every door and under every name`() throws {
        let rows = ["a1,20260105,ann,1,10.00", "a2,20260105,bob,1,10.00"]
        #expect(try ids(rows, .file) == ids(rows, .pipe))
        #expect(try Set(ids(rows, .file)).count == 2)
    }

    @Test func `other rows through one door are others`() throws {
        let first = try ids(["a1,20260105,ann,1,10.00"], .pipe)
        let second = try ids(["b1,20260105,bob,1,99.00"], .pipe)
        #expect(Set(first).isDisjoint(with: second))
        // A row that was cut off, and the whole one.
        let cut = try ids(["a1,20260105,ann,1,12"], .pipe)
        let whole = try ids(["a1,20260105,ann,1,1250.00"], .pipe)
        #expect(Set(cut).isDisjoint(with: whole))
    }

    @Test func `a row put in before changes the id of no other`() throws {
        let rows = ["a1,20260105,ann,1,10.00", "a2,20260105,bob,1,10.00"]
        let more = try ids(["a0,20260104,ann,1,1.00"] + rows, .file)
        #expect(try Array(more.dropFirst()) == ids(rows, .file))
    }

    @Test(arguments: LogDoor.allCases)
    func `rows that are alike are as many events as rows`(door: LogDoor) throws {
        let mapping = CSVMapping.orders(time: "day", user: "who") { $0.timeFormat = .yyyymmdd }
        let text = "day,who\n19970101,ann\n19970101,ann\n19970101,ann\n"
        let batch = try door.read(text, as: .csv, mapping: mapping).batch
        #expect(Set(batch.events.map(\.id)).count == 3)
        #expect(Set(batch.events.map(\.transaction)).count == 3)
        let cdnow = "1 19970101 1 2.00\n1 19970101 1 2.00\n"
        let purchases = try door.read(cdnow, as: .cdnow).batch
        #expect(Set(purchases.events.map(\.id)).count == 2)
        #expect(
            try door.read(cdnow, as: .cdnow).batch.events.map(\.id) == purchases.events.map(\.id)
        )
    }
}

/// Texts as symbols.
struct SymbolTests {
    @Test(arguments: [
        "a", "0", "00001", "-", "zzzzzzzzzz", "0000000000", "536365", "C536379", "85123A",
        "eleven-char", "", "é", "a b", "u42", "u042", "o1", "p-1", "~", "..",
    ])
    func `a text stays itself in every namespace`(text: String) {
        let symbols = SymbolTable()
        for namespace in Namespace.allCases {
            let symbol = symbols.symbol(for: text, in: namespace)
            #expect(symbol.isPresent)
            #expect(symbols.text(of: symbol, in: namespace) == text)
            #expect(symbols.symbol(for: text, in: namespace) == symbol)
            #expect(symbols.isEmpty(symbol) == text.isEmpty)
            var bytes: [UInt8] = []
            symbols.append(symbol, in: namespace, to: &bytes)
            #expect(bytes == Array(text.utf8))
            // The same in every symbol table.
            let other = SymbolTable()
            _ = other.symbol(for: "something else, and long", in: .text)
            let same = other.symbol(for: text, in: namespace)
            #expect(other.stableHash(of: same) == symbols.stableHash(of: symbol))
        }
    }

    @Test func `short texts are distinguished`() {
        let symbols = SymbolTable()
        let texts = ["a", "0a", "00a", "a0", "A", "aa", "-a", "a-"]
        let made = texts.map { symbols.symbol(for: $0, in: .text) }
        #expect(Set(made).count == texts.count)
        #expect(Set(made.map { symbols.stableHash(of: $0) }).count == texts.count)
    }
}
