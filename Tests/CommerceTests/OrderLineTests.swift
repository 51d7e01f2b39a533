import Commerce
import Testing
import Timekeeping

/// Lines of a log become orders: one event an order, with a line of it an item.
struct OrderLineTests {
    private let lines = CSVMapping.orders {
        $0.transaction = "order"
        $0.product = "sku"
        $0.quantity = "units"
        $0.amount = .value(column: "total")
    }

    private func read(
        _ text: String,
        _ mapping: CSVMapping,
        _ door: LogDoor = .file
    ) throws -> (batch: Batch, rejections: [Rejection]) {
        try door.read(text, as: .csv, mapping: mapping)
    }

    /// By hand: 10.00 + 20.00 are one order of 30.00.
    @Test(arguments: LogDoor.allCases, [nil, "order"] as [String?])
    func `two lines of one order are one purchase with two items`(door: LogDoor, id: String?) throws
    {
        var mapping = lines
        mapping.id = id
        let text = """
            order,ordered_at,customer,sku,units,total
            A1,2026-01-05T10:00:00Z,ann,p1,1,10.00
            A1,2026-01-05T10:00:00Z,ann,p2,1,20.00

            """
        let (batch, rejections) = try read(text, mapping, door)
        #expect(rejections.isEmpty)
        #expect(batch.summary == ["purchase A1 30.00 x2"])
        #expect(batch.items.map(\.price) == [1000, 2000])
        #expect(batch.original(0)?.split(separator: "\n").count == 2)
        // Without a column for orders, the id names them.
        mapping.transaction = nil
        mapping.id = "order"
        #expect(try read(text, mapping, door).batch.summary == ["purchase A1 30.00 x2"])
    }

    /// By hand: 10.00 + 5.00 and a line of no pieces; an order given away; a return of 10.00.
    @Test func `lines without pieces are left out and counted, returns are refunds`() throws {
        let text = """
            order,ordered_at,customer,sku,units,total,discount
            o1,2026-01-05T10:00:00Z,ann,p1,1,10.00,0
            o1,2026-01-05T10:00:00Z,ann,p2,2,5.00,0
            o1,2026-01-05T10:00:00Z,ann,p3,0,0.00,0
            o2,2026-01-05T11:00:00Z,bob,p1,1,0.00,10.00
            o3,2026-01-05T12:00:00Z,bob,p1,-1,-10.00,0

            """
        let (batch, rejections) = try read(text, lines)
        #expect(rejections.isEmpty)
        #expect(
            batch.summary == ["purchase o1 15.00 x3", "purchase o2 0.00 x1", "refund o3 10.00 x1"]
        )
        #expect(batch.events.map(\.itemCount) == [2, 1, 1])
        let violations = EventRules.standard.violations(in: batch, 0..<3, latest: .distantFuture)
        #expect(violations.isEmpty)

        var refusing = LogOptions()
        refusing.zeroQuantity = .refuse
        let whole = try LogDoor.file.read(text, as: .csv, mapping: lines, options: refusing).batch
        let refused = EventRules.standard.violations(in: whole, 0..<3, latest: .distantFuture)
        #expect(refused.map(\.place) == [0])
        #expect(refused.map(\.violation) == [.quantityNotPositive])
    }

    /// By hand: 6·2.55 + 6·3.39 = 35.64; 2·1.25 = 2.50; a free one; a return of 2.55.
    @Test func `negative quantities are returns, and an adjustment is not a sale`() throws {
        let mapping = CSVMapping.orders(time: "InvoiceDate", user: "CustomerID") {
            $0.timeFormat = CSVMapping.TimeFormat(pattern: "dd/MM/yyyy HH:mm")
            $0.transaction = "InvoiceNo"
            $0.returnPrefix = "C"
            $0.product = "StockCode"
            $0.quantity = "Quantity"
            $0.amount = .price(column: "UnitPrice")
        }
        let text = """
            InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
            700001,A1,MUG,6,01/12/2010 08:26,2.55,17850,United Kingdom
            700001,A2,LAMP,6,01/12/2010 08:26,3.39,17850,United Kingdom
            C700002,A1,MUG,-1,01/12/2010 09:41,2.55,17850,United Kingdom
            700003,A3,"FRAME 7"" SIZE",2,13/12/2010 11:00,1.25,,France
            700004,A4,ADJUST,1,14/12/2010 11:00,-1000.00,,United Kingdom
            700005,A5,FREE,1,14/12/2010 11:00,0,12345,United Kingdom

            """
        let (batch, rejections) = try read(text, mapping)
        #expect(
            batch.summary == [
                "purchase 700001 35.64 x12", "refund C700002 2.55 x1", "purchase 700003 2.50 x2",
                "purchase 700005 0.00 x1",
            ]
        )
        #expect(batch.events[0].time == Timestamp(rfc3339: "2010-12-01T08:26:00Z"))
        #expect(!batch.events[2].user.isPresent)
        #expect(rejections.map(\.line) == [6])
        #expect(rejections.map(\.reason) == ["negative-value"])
    }

    @Test func `lines of two orders in turns are two purchases in the order of their first lines`()
        throws
    {
        let text =
            "order,ordered_at,customer,sku,units,total\n"
            + (1...40).map { line in
                "o\(line % 2),2026-01-05T10:00:\(line + 10)Z,ann,p\(line),1,1.00\n"
            }.joined()
        let (batch, _) = try read(text, lines)
        #expect(batch.summary == ["purchase o1 20.00 x20", "purchase o0 20.00 x20"])
    }

    /// By hand: 300 orders of a line between; 1.00 and 2.00 are of the one order.
    @Test func `a line far behind its order is a part of it`() throws {
        func line(_ order: String, _ total: String) -> String {
            "\(order),2026-01-05T10:00:00Z,ann,p1,1,\(total)\n"
        }
        let between = (1...300).map { line("b\($0)", "0.50") }.joined()
        let text =
            "order,ordered_at,customer,sku,units,total\n" + line("far", "1.00") + between
            + line("far", "2.00")
        for id in [nil, "order"] {
            var mapping = lines
            mapping.id = id
            let (batch, _) = try read(text, mapping)
            #expect(batch.count == 302)
            #expect(batch.summary.first == "purchase far 1.00 x1")
            #expect(batch.summary.last == "purchase far 2.00 x1 part")
            #expect(Set(batch.events.map(\.id)).count == 302)
        }
    }

    /// By hand: X stays open, and A waits behind it; A's lines are 402 apart all the same.
    @Test func `an order that waits behind an open one is joined by no line far behind it`() throws
    {
        func line(_ order: String) -> String {
            "\(order),2026-01-05T10:00:00Z,ann,p1,1,1.00\n"
        }
        let between = { (name: String) in (1...200).map { line("\(name)\($0)") }.joined() }
        let text =
            "order,ordered_at,customer,sku,units,total\n" + line("X") + line("A") + between("b")
            + line("X") + between("c") + line("A")
        let (batch, _) = try read(text, lines)
        #expect(batch.count == 403)
        #expect(
            batch.summary.filter { $0.contains(" A ") || $0.contains(" X ") }
                == ["purchase X 2.00 x2", "purchase A 1.00 x1", "purchase A 1.00 x1 part"]
        )
    }

    @Test
    func `a line that comes twice with its own id is one line, and one that differs is reported`()
        throws
    {
        var mapping = lines
        mapping.id = "line"
        let text = """
            line,order,ordered_at,customer,sku,units,total
            1,o1,2026-01-05T10:00:00Z,ann,p1,1,10.00
            2,o1,2026-01-05T10:00:00Z,ann,p2,1,20.00
            1,o1,2026-01-05T10:00:00Z,ann,p1,1,10.00
            2,o1,2026-01-05T10:00:00Z,ann,p2,1,25.00

            """
        let (batch, rejections) = try read(text, mapping)
        #expect(batch.summary == ["purchase o1 30.00 x2"])
        #expect(rejections.map(\.reason) == ["duplicate-line", "conflicting-line"])
        #expect(rejections.map(\.line) == [4, 5])
    }

    /// By hand: 7 / 3 in every sign: the items of a line always sum up to it.
    @Test(arguments: [(10, 3), (1000, 7), (1, 5), (0, 3), (999, 1), (5, 5)])
    func `the items of a line are worth what the line is`(cents: Int, pieces: Int) throws {
        let total = Money(minorUnits: Int64(cents), currency: .usd).decimal
        let text = """
            order,ordered_at,customer,sku,units,total
            o1,2026-01-05T10:00:00Z,ann,p1,\(pieces),\(total)

            """
        let (batch, _) = try read(text, lines)
        #expect(batch.items.reduce(0) { $0 + $1.price * Int64($1.quantity) } == Int64(cents))
        #expect(batch.items.reduce(0) { $0 + Int($1.quantity) } == pieces)
    }

    @Test func `the lines of an order are in one currency`() throws {
        var mapping = lines
        mapping.currency = .column("cur")
        let text = """
            order,ordered_at,customer,sku,units,total,cur
            o1,2026-01-05T10:00:00Z,ann,p1,1,10.00,EUR
            o1,2026-01-05T10:00:00Z,ann,p2,1,20.00,USD

            """
        let (batch, rejections) = try read(text, mapping)
        #expect(batch.summary == ["purchase o1 10.00 x1"])
        #expect(rejections.map(\.reason) == ["bad-currency"])
    }
}
