import Commerce
import Testing

@Suite("What an unknown log is taken for")
struct LogInspectionTests {
    private func inspect(_ text: String) throws -> (yaml: String, sample: [String]) {
        let log = try TemporaryLog(text, name: "shop.csv")
        let inspection = try LogInspection(of: log.path)
        return (inspection.yaml, try inspection.sample(of: log.path, count: 3))
    }

    @Test("a log with plain names is read without a doubt")
    func plain() throws {
        let (yaml, sample) = try inspect(
            """
            event_id,timestamp,user_id,session_id,event_name,order_id,sku,quantity,price,currency
            e1,2026-01-05T10:00:00Z,ann,s1,view_item,,p1,1,12.50,USD
            e2,2026-01-05T10:05:00Z,ann,s1,purchase,o1,p1,2,12.50,USD

            """
        )
        #expect(
            yaml == """
                spec:
                  input:
                    csv:
                      columns:
                        id: event_id
                        time: timestamp
                        timeFormat: rfc3339
                        user: user_id
                        session: session_id
                        event: event_name
                        transaction: order_id
                        product: sku
                        quantity: quantity
                        price: price
                        currency: currency

                """
        )
        #expect(
            sample == [
                "2026-01-05T10:00:00Z  view_item  user=ann  session=s1  12.50 USD  1 x p1 at 12.50",
                "2026-01-05T10:05:00Z  purchase  order=o1  user=ann  session=s1  25.00 USD  "
                    + "2 x p1 at 12.50",
            ]
        )
    }

    @Test("semicolons, German dates and commas are seen, and what is not said is doubted")
    func german() throws {
        let (yaml, sample) = try inspect(
            """
            Invoice;Date;Customer;Item;Qty;Total
            R1;05.01.2026 10:00;ann;Hut;2;1.234,50
            R2;28.01.2026 11:30;bob;"Schal; rot";1;9,90
            """
        )
        #expect(
            yaml == """
                spec:
                  input:
                    csv:
                      delimiter: ";"
                      columns:
                        time: Date
                        timeFormat: "dd.MM.yyyy HH:mm"
                        user: Customer
                        eventName: purchase  # not sure: no column is named like an event; every \
                row is taken for a purchase
                        transaction: Invoice
                        product: Item
                        quantity: Qty
                        value: Total  # not sure: is it the amount of the row, and not that of the \
                whole order?
                        decimal: comma
                        thousands: point
                        currencyCode: USD  # not sure: no column has codes of currencies; is it USD?
                        # timeZone: not sure: the times name no zone and are taken as UTC

                """
        )
        #expect(sample.first?.hasSuffix("1234.50 USD  2 x Hut at 617.25") == true)
    }

    @Test("a day that may be a month is doubted, and one that may not is not")
    func months() throws {
        let head = "order_id,date,customer_id,price\n"
        let doubtful = try inspect(head + "1,03/04/2026,ann,1.00\n").yaml
        #expect(doubtful.contains(#"timeFormat: "dd/MM/yyyy"  # not sure: fits all rows, and so"#))
        let clear = try inspect(head + "1,03/04/2026,ann,1.00\n2,03/14/2026,ann,1.00\n").yaml
        #expect(clear.contains("timeFormat: \"MM/dd/yyyy\"\n"))
    }

    @Test("other names of events are translated, and strange ones said")
    func events() throws {
        let yaml = try inspect(
            """
            timestamp,visitorid,event,itemid,transactionid
            1433221332117,257597,view,355908,
            1433224214164,992329,addtocart,248676,
            1433223236124,111016,wink,318965,

            """
        ).yaml
        #expect(yaml.contains("timeFormat: epoch_milliseconds\n"))
        #expect(yaml.contains("events: {addtocart: add_to_cart, view: view_item}  # not sure"))
        #expect(yaml.contains(#"event: event  # not sure: rows with "wink" are no events"#))
        #expect(yaml.contains("# value: not sure: no column is named like an amount"))
    }

    @Test("the logs of presets are known, with their other dates")
    func presets() throws {
        let (yaml, sample) = try inspect(
            """
            InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
            536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom
            """
        )
        #expect(
            yaml == """
                spec:
                  input:
                    preset: uci-retail
                    timeFormat: "yyyy-MM-dd HH:mm:ss"

                """
        )
        #expect(sample.count == 1)
        #expect(sample.first?.hasPrefix("2010-12-01T08:26:00Z  purchase  order=536365") == true)
    }

    @Test("what is no table is refused", arguments: ["", "one column\n1\n", "[{\"a\":1}]\n"])
    func none(text: String) {
        #expect(throws: InputError.self) { try inspect(text) }
    }
}

extension LogInspectionTests {
    private func inspect(lines: [String]) throws -> (yaml: String, sample: [String]) {
        let log = try TemporaryLog(lines.joined(separator: "\n") + "\n", name: "shop.log")
        let inspection = try LogInspection(of: log.path)
        return (inspection.yaml, try inspection.sample(of: log.path, count: 3))
    }

    @Test("orders in JSON are found with their items, and read")
    func orders() throws {
        let order = { (number: Int, items: String) in
            #"{"order":{"id":"o\#(number)","created_at":"2026-01-0\#(number)T10:00:00Z"},"#
                + #""customer":{"id":\#(number)},"currency":"EUR","lines":[\#(items)]}"#
        }
        let (yaml, sample) = try inspect(lines: [
            order(
                1,
                #"{"sku":"p1","unit_price":2.50,"qty":2},{"sku":"p2","unit_price":1,"qty":1}"#
            ),
            order(2, #"{"sku":"p3","unit_price":"19.99","qty":1}"#),
        ])
        #expect(
            yaml == """
                spec:
                  input:
                    json:
                      fields:
                        time: "/order/created_at"
                        timeFormat: rfc3339
                        user: "/customer/id"
                        eventName: purchase  # not sure: no column is named like an event; every \
                row is taken for a purchase
                        transaction: "/order/id"
                        items: "/lines"
                        product: "/sku"
                        quantity: "/qty"
                        price: "/unit_price"
                        currency: "/currency"

                """
        )
        #expect(
            sample == [
                "2026-01-01T10:00:00Z  purchase  order=o1  user=1  6.00 EUR  "
                    + "2 x p1 at 2.50, 1 x p2 at 1.00",
                "2026-01-02T10:00:00Z  purchase  order=o2  user=2  19.99 EUR  1 x p3 at 19.99",
            ]
        )
    }

    @Test("a clickstream in JSON has its names translated, and a line is its own item")
    func clicks() throws {
        let (yaml, sample) = try inspect(lines: [
            #"{"ts":1767225600123,"action":"view","visitor_id":"v1","product_id":"p1","price":5}"#,
            #"{"ts":1767225601000,"action":"cart","visitor_id":"v1","product_id":"p1","price":5}"#,
        ])
        #expect(yaml.contains("timeFormat: epoch_milliseconds"))
        #expect(yaml.contains("events: {cart: add_to_cart, view: view_item}"))
        #expect(
            sample == [
                "2026-01-01T00:00:00.123Z  view_item  user=v1  5.00 USD  1 x p1 at 5.00",
                "2026-01-01T00:00:01Z  add_to_cart  user=v1  5.00 USD  1 x p1 at 5.00",
            ]
        )
    }

    @Test("lines that need no mapping are known")
    func known() throws {
        let event =
            #"{"specversion":"1.0","id":"e1","source":"/shop","type":"search","#
            + #""time":"2026-01-05T10:00:00Z","data":{"search_term":"hat"}}"#
        let (yaml, sample) = try inspect(lines: [event])
        #expect(yaml == "# CloudEvents: they need no mapping.\n")
        #expect(sample.first?.hasPrefix("2026-01-05T10:00:00Z  search") == true)
        let row = #"{"event_timestamp":"1","event_name":"search","user_pseudo_id":"u"}"#
        #expect(try inspect(lines: [row]).yaml.hasSuffix("preset: ga4-export\n"))
    }
}
