import Commerce
import Testing
import Timekeeping

/// How logs of other shops write amounts, times and names.
struct LogValueTests {
    // MARK: - Amounts

    /// By hand: 12.50 + 1,355.90 + 1,000.00; the fourth row is written otherwise.
    @Test func `decimal commas are read where the mapping names them, and doubt is reported`()
        throws
    {
        var mapping = CSVMapping.orders(time: "Date", user: "Customer") {
            $0.id = "Order"
            $0.amount = .value(column: "Net")
            $0.currency = .column("Currency")
            $0.delimiter = UInt8(ascii: ";")
            $0.amountFormat = AmountFormat(decimal: .comma, thousands: .point)
        }
        let text = """
            \u{feff}Order;Date;Customer;Net;Currency\r
            1;2026-01-05T10:00:00Z;ann;12,50;SEK\r
            2;2026-01-05T10:01:00Z;bob;1.355,90;SEK\r
            3;2026-01-05T10:02:00Z;cyd;1.000;SEK\r
            4;2026-01-05T10:03:00Z;dan;7.00;SEK\r

            """
        let (batch, rejections) = try LogDoor.file.read(text, as: .csv, mapping: mapping)
        #expect(batch.sales == ["purchase 12.50 x1", "purchase 1355.90 x1", "purchase 1000.00 x1"])
        #expect(rejections.map(\.line) == [5])
        #expect(rejections.map(\.reason) == ["doubtful-money"])
        #expect(rejections.map(\.field) == ["Net"])
        // Without a word on it, nothing of that is read as something else.
        mapping.amountFormat = AmountFormat()
        let unsaid = try LogDoor.file.read(text, as: .csv, mapping: mapping)
        #expect(unsaid.batch.sales == ["purchase 7.00 x1"])
        #expect(unsaid.rejections.map(\.reason) == Array(repeating: "doubtful-money", count: 3))
    }

    @Test(
        arguments: [
            ("1,234.50", AmountFormat(decimal: .point, thousands: .comma), 123_450),
            ("1.000", AmountFormat(decimal: .point, thousands: .comma), 100),
            ("1 234,5", AmountFormat(decimal: .comma, thousands: .space), 123_450),
            (
                "1\u{202f}234\u{a0}567,05", AmountFormat(decimal: .comma, thousands: .space),
                123_456_705
            ),
            ("1'234.50", AmountFormat(decimal: .point, thousands: .apostrophe), 123_450),
            ("-1.234,50", AmountFormat(decimal: .comma, thousands: .point), nil),
            ("1.234.567", AmountFormat(decimal: .comma, thousands: .point), 123_456_700),
            ("12.34", AmountFormat(decimal: .comma, thousands: .point), nil),
            ("1.23,4", AmountFormat(decimal: .comma, thousands: .point), nil),
            ("1,2,3", AmountFormat(decimal: .comma, thousands: .point), nil),
            ("7.00", AmountFormat(decimal: .comma, thousands: .space), nil),
            ("1.000", AmountFormat(), nil), ("0.500", AmountFormat(), 50),
            ("1000.000", AmountFormat(), 100_000),
            ("12,50", AmountFormat(), nil), ("12.50", AmountFormat(), 1250),
        ] as [(String, AmountFormat, Int64?)]
    )
    func `an amount is read by its marks, or not at all`(
        text: String,
        format: AmountFormat,
        cents: Int64?
    ) throws {
        let mapping = CSVMapping.orders(time: "at", user: "who") {
            $0.amount = .value(column: "total")
            $0.amountFormat = format
        }
        let log = "at,who,total\n2026-01-05T10:00:00Z,ann,\"\(text)\"\n"
        let (batch, rejections) = try LogDoor.file.read(log, as: .csv, mapping: mapping)
        #expect(batch.events.map(\.value) == (cents.map { [$0] } ?? []))
        #expect(rejections.count == (cents == nil ? 1 : 0))
    }

    // MARK: - Currencies

    /// ISO 4217, list one: what has not two decimals.
    @Test func `every currency has the minor unit of ISO 4217`() throws {
        let digits: [(Int, String)] = [
            (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
            (3, "BHD IQD JOD KWD LYD OMR TND"), (4, "CLF UYW"),
            (2, "AED ARS AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF IDR ILS INR MGA MRU MXN NOK"),
            (2, "NZD PLN RON RSD SAR SEK SGD THB TRY TWD UAH USD UYU UZS ZAR ZMW ZWG XCG COU MXV"),
        ]
        for (count, codes) in digits {
            for code in codes.split(separator: " ") {
                let currency = try #require(Currency(code: code))
                #expect(currency.minorDigits == count, "\(code)")
                let one = Money(decimal: "1", currency: currency)
                let scale = (0..<count).reduce(Int64(1)) { product, _ in product * 10 }
                #expect(one?.minorUnits == scale, "\(code)")
                let zeros = String(repeating: "0", count: count)
                #expect(one?.decimal == (count == 0 ? "1" : "1.\(zeros)"), "\(code)")
            }
        }
    }

    // MARK: - Times

    @Test(
        arguments: [
            ("2019-10-01 00:00:00 UTC", nil, nil, "2019-10-01T00:00:00Z"),
            ("2019-10-01T02:00:00+0200", nil, nil, "2019-10-01T00:00:00Z"),
            ("2019-10-01 02:00:00.25+02", nil, nil, "2019-10-01T00:00:00.250Z"),
            ("2019-10-01 02:00:00 Europe/Berlin", nil, nil, "2019-10-01T00:00:00Z"),
            ("2019-10-01 00:00:00", nil, nil, nil),
            ("2019-10-01 00:00:00", nil, "UTC", "2019-10-01T00:00:00Z"),
            ("2019-10-01 02:00:00", nil, "Europe/Berlin", "2019-10-01T00:00:00Z"),
            ("01/12/2010 08:26", "dd/MM/yyyy HH:mm", nil, "2010-12-01T08:26:00Z"),
            ("01/12/2010 08:26", "MM/dd/yyyy HH:mm", nil, "2010-01-12T08:26:00Z"),
            ("1/2/2010 8:26", "dd/mm/yyyy hh:mm", nil, "2010-02-01T08:26:00Z"),
            ("12/1/10 12:05 AM", "MM/dd/yy hh:mm a", nil, "2010-12-01T00:05:00Z"),
            (
                "01.07.2010 08:26:01,5", "dd.MM.yyyy HH:mm:ss", "Europe/Berlin",
                "2010-07-01T06:26:01.500Z"
            ),
            (
                "2010-12-01T08:26:00.123456 +0100", "yyyy-MM-ddTHH:mm:ss.SSSSSS Z", nil,
                "2010-12-01T07:26:00.123456Z"
            ),
            ("31/02/2010 08:26", "dd/MM/yyyy HH:mm", nil, nil),
            ("13/13/2010 08:26", "dd/MM/yyyy HH:mm", nil, nil),
            ("01/12/2010 08:26 more", "dd/MM/yyyy HH:mm", nil, nil),
            ("01/12/2010 24:00", "dd/MM/yyyy HH:mm", nil, nil),
        ] as [(String, String?, String?, String?)]
    )
    func `a time is read as the mapping says`(
        text: String,
        pattern: String?,
        zone: String?,
        expected: String?
    ) throws {
        var mapping = CSVMapping.orders(time: "at", user: "who")
        if let pattern { mapping.timeFormat = .pattern(try #require(TimePattern(pattern))) }
        mapping.zone = try zone.map { try CivilZone(named: $0) }
        let (batch, _) = try LogDoor.file.read(
            "at,who\n\"\(text)\",ann\n",
            as: .csv,
            mapping: mapping
        )
        let times = [expected].compactMap(\.self).compactMap { Timestamp(rfc3339: $0) }
        #expect(batch.events.map(\.time) == times)
    }

    @Test func `milliseconds and microseconds since the epoch are read`() throws {
        let formats: [(CSVMapping.TimeFormat, String)] = [
            (.epochMilliseconds, "852076800250"), (.epochMicroseconds, "852076800250000"),
            (.epochSeconds, "852076800.25"),
        ]
        for (format, text) in formats {
            let mapping = CSVMapping.orders(time: "at", user: "who") { $0.timeFormat = format }
            let log = "at,who\n\(text),ann\n"
            let batch = try LogDoor.file.read(log, as: .csv, mapping: mapping).batch
            #expect(batch.events.map(\.time) == [Timestamp(nanoseconds: 852_076_800_250_000_000)])
        }
    }

    @Test(arguments: ["", "yyyy", "dd/MM", "MM/dd/yyyy MM", "dd/MM/yyyy hh:mm q", "week"])
    func `a pattern that names no day is none`(text: String) {
        #expect(TimePattern(text) == nil)
    }

    // MARK: - Names

    /// By hand: one view, one cart, one purchase of 130.76.
    @Test func `what other shops call events is read as GA4 calls them`() throws {
        let mapping = CSVMapping.orders(time: "event_time", user: "user_id") {
            $0.name = .column("event_type")
            $0.names = ["view": .viewItem, "cart": .addToCart]
            $0.session = "user_session"
            $0.product = "product_id"
            $0.category = "category_code"
            $0.amount = .price(column: "price")
        }
        let text = """
            event_time,event_type,product_id,category_code,price,user_id,user_session
            2019-10-01 00:00:00 UTC,view,44600062,,35.79,u1,s1
            2019-10-01 00:02:14 UTC,cart,1004856,electronics.smartphone,130.76,u2,s2
            2019-10-01 00:02:50 UTC,purchase,1004856,electronics.smartphone,130.76,u2,s2

            """
        let (batch, rejections) = try LogDoor.file.read(text, as: .csv, mapping: mapping)
        #expect(rejections.isEmpty)
        #expect(batch.events.map(\.name) == [.viewItem, .addToCart, .purchase])
        #expect(batch.events.map(\.value) == [3579, 13_076, 13_076])
        let violations = EventRules.standard.violations(in: batch, 0..<3, latest: .distantFuture)
        #expect(violations.isEmpty)
    }

    @Test func `a refund of a whole order needs no items, but its value`() throws {
        func refund(_ data: String) -> String {
            #"{"specversion":"1.0","id":"1","source":"/s","type":"refund","#
                + #""time":"1997-01-01T00:00:00Z","data":{"transaction_id":"o1"\#(data)}}"# + "\n"
        }
        let text = refund(#","currency":"USD","value":12.50"#) + refund("")
        let batch = try LogDoor.file.read(text, as: .ndjson).batch
        let violations = EventRules.standard.violations(in: batch, 0..<2, latest: .distantFuture)
        #expect(violations.map(\.place) == [1])
        #expect(violations.map(\.violation) == [.itemsMissing])
    }
}
