import Commerce
import Testing
import Timekeeping

struct CSVSourceTests {
    private static let header = "id,when,who,what,order,sku,kind,n,price,cur"

    private func mapping() -> CSVMapping {
        var mapping = CSVMapping(
            time: "when",
            timeFormat: .rfc3339,
            user: "who",
            name: .column("what"),
            currency: .column("cur")
        )
        mapping.id = "id"
        mapping.transaction = "order"
        mapping.product = "sku"
        mapping.category = "kind"
        mapping.quantity = "n"
        mapping.amount = .price(column: "price")
        return mapping
    }

    private func read(
        _ rows: String,
        _ mapping: CSVMapping,
        header: String = CSVSourceTests.header
    ) throws -> (batch: Batch, rejections: [Rejection]) {
        let end = rows.hasSuffix("\n") ? "" : "\n"
        let log = try TemporaryLog("\(header)\r\n\(rows)\(end)", name: "shop.csv")
        var source = try LogReplay(csv: log.path, mapping: mapping, symbols: SymbolTable())
        return try readAll(&source)
    }

    private let sound = "7,1997-01-01T00:00:00Z,ann,purchase,A1,cd,music,2,11.77,USD"

    @Test func `a row becomes an event with one item`() throws {
        let (batch, rejections) = try read(sound + "\n", mapping())
        #expect(rejections.isEmpty)
        let event = try #require(batch.events.first)
        #expect(event.value == 2354)
        #expect(event.time == Timestamp(seconds: 852_076_800))
        #expect(event.sequence == 2)
        #expect(batch.origin.offsets == [2])
        #expect(batch.symbols.text(of: event.source, in: .text) == "/log:csv")
        #expect(batch.symbols.text(of: event.user, in: .user) == "ann")
        #expect(batch.symbols.text(of: event.subject, in: .order) == "A1")
        #expect(event.subject == event.transaction)
        #expect(batch.items[0].price == 1177)
        #expect(batch.items[0].quantity == 2)
        #expect(batch.original(0) == sound)
        #expect(batch.originalJSON(of: 0) == nil)
        // The digest of "7" in the form of a UUID of version 8.
        let id = batch.idText(of: 0)
        #expect(id.dropFirst(14).first == "8")
        #expect(EventID.parse(id).id == event.id)
    }

    @Test func `quotes protect delimiters, quotes and nothing`() throws {
        let row = #"8,1997-01-01T00:00:00Z,"ann ""a"", b",purchase,"",cd,music,"2",11.77,USD"#
        let (batch, rejections) = try read(row, mapping())
        #expect(rejections.isEmpty)
        #expect(batch.symbols.text(of: batch.events[0].user, in: .user) == #"ann "a", b"#)
        #expect(batch.symbols.isEmpty(batch.events[0].transaction))
        #expect(batch.events[0].transaction.isPresent)
    }

    @Test func `a total is kept exact where the price of one piece is not`() throws {
        var mapping = mapping()
        mapping.amount = .value(column: "price")
        let (batch, _) = try read(
            "7,1997-01-01T00:00:00Z,ann,purchase,A1,cd,music,3,10.00,USD",
            mapping
        )
        #expect(batch.events[0].value == 1000)
        // Two pieces at 3.33 and one at 3.34: the items sum up to the value.
        #expect(batch.items.map(\.price) == [333, 334])
        #expect(batch.items.map(\.quantity) == [2, 1])
    }

    @Test func `a constant name and currency, days, and no id make a log of orders`() throws {
        var mapping = CSVMapping(
            time: "day",
            timeFormat: .yyyymmdd,
            user: "who",
            name: .constant(.purchase),
            currency: .constant(.usd)
        )
        mapping.delimiter = UInt8(ascii: ";")
        let (batch, rejections) = try read(
            "19970101;ann\n19970101;bob\n\n1997010;cid",
            mapping,
            header: "day;who"
        )
        #expect(batch.count == 2)
        #expect(batch.events[0].transaction != batch.events[1].transaction)
        #expect(batch.events[0].transaction == batch.events[0].subject)
        // The milliseconds of the day, then the digest of the row.
        #expect(batch.idText(of: 0).hasPrefix("00c663bc-2800-8"))
        #expect(batch.idText(of: 0) != batch.idText(of: 1))
        #expect(rejections.map(\.line) == [5])
        #expect(rejections.map(\.field) == ["day"])
    }

    @Test(
        arguments: [
            ("852076800", 852_076_800_000_000_000), ("-1.5", -1_500_000_000),
            ("0.000000001", 1), ("852076800.25", 852_076_800_250_000_000),
        ])
    func `seconds since the epoch are read exactly`(text: String, nanoseconds: Int64) {
        #expect(Timestamp(epochSeconds: text) == Timestamp(nanoseconds: nanoseconds))
    }

    @Test(arguments: ["", "x", "+1", "1.", ".5", "1e9", "1.0000000001", "99999999999", "1.2.3"])
    func `what is no number of seconds is refused`(text: String) {
        #expect(Timestamp(epochSeconds: text) == nil)
    }

    @Test(
        arguments: [
            ("7,1997-02-30T00:00:00Z,a,purchase,A1,cd,m,2,1,USD", "bad-date", 3, "when"),
            ("7,1997-01-01T00:00:00Z,a,view_item,A1,cd,m,-2,1,USD", "negative-count", 44, "n"),
            ("7,1997-01-01T00:00:00Z,a,purchase,A1,cd,m,-2,-1,USD", "negative-count", 43, "n"),
            ("7,1997-01-01T00:00:00Z,a,purchase,A1,cd,m,two,1,USD", "bad-count", 43, "n"),
            (
                "7,1997-01-01T00:00:00Z,a,purchase,A1,cd,m,2,1.001,USD", "doubtful-money", 45,
                "price"
            ),
            ("7,1997-01-01T00:00:00Z,a,purchase,A1,cd,m,2,1,usd", "bad-currency", 47, "cur"),
            ("7,1997-01-01T00:00:00Z,a,purchse,A1,cd,m,2,1,USD", "unknown-event", 26, "what"),
            ("7,1997-01-01T00:00:00Z,a,purchase,A1,cd,m,2,1,USD,x", "too-many-fields", 51, nil),
            ("7,1997-01-01T00:00:00Z,a,purchase", "too-few-fields", nil, nil),
            ("7,a\"b,c", "bad-quotes", 4, nil),
            ("7,\"a\"b,c", "bad-quotes", 6, nil), ("7,a\0b", "nul-byte", 4, nil),
        ] as [(String, String, Int?, String?)]
    )
    func `a bad row is named and the next one is read`(
        row: String,
        reason: String,
        column: Int?,
        field: String?
    ) throws {
        let (batch, rejections) = try read("\(row)\n\(sound)", mapping())
        #expect(batch.count == 1)
        let rejection = try #require(rejections.first)
        #expect(rejections.count == 1)
        #expect(rejection.file == "shop.csv")
        #expect(rejection.line == 2)
        #expect(rejection.reason == reason)
        #expect(rejection.column == column)
        #expect(rejection.field == field)
    }

    @Test func `bytes that are not UTF-8 and a line of ten megabytes are named`() throws {
        let bytes =
            Array("\(CSVSourceTests.header)\n7,".utf8) + [0xe9, 10]
            + [UInt8](repeating: 120, count: 10_000_000) + [10] + Array("\(sound)\n".utf8)
        let log = try TemporaryLog(bytes)
        var source = try LogReplay(csv: log.path, mapping: mapping(), symbols: SymbolTable())
        let (batch, rejections) = try readAll(&source)
        #expect(batch.count == 1)
        #expect(rejections.map(\.reason) == ["invalid-utf8", "too-large"])
        #expect(rejections.map(\.line) == [2, 3])
        #expect(rejections.map(\.column) == [3, nil])
    }

    @Test func `missing columns are all named, with the header and the nearest`() throws {
        let error = #expect(throws: InputError.self) {
            try read(sound, mapping(), header: "id,whem,who,what,order,sku,kind,n,cost,cur,cur")
        }
        let message = try #require(error?.message)
        #expect(error?.code == .wrongFormat)
        // Where the column stands that may be meant, and where one stands again.
        #expect(message.contains(#"shop.csv:1:4: no column "when"; did you mean "whem"?"#))
        #expect(message.contains(#"shop.csv:1:44: the column "cur""#))
        #expect(message.contains(#"no column "price";"#))
        #expect(message.contains(#""cur" appears 2 times"#))
        #expect(message.contains(#"the header has: "id", "whem""#))
    }

    @Test func `an empty file has no header`() throws {
        let log = try TemporaryLog("")
        let error = #expect(throws: InputError.self) {
            _ = try LogReplay(csv: log.path, mapping: mapping(), symbols: SymbolTable())
        }
        #expect(error?.code == .wrongFormat)
    }
}
