import Commerce
import Testing

@Suite("What an unknown log is taken for")
struct LogInspectionTests {
    private func inspect(_ text: String) throws -> (yaml: String, sample: [String]) {
        let log = try TemporaryLog(text, name: "shop.csv")
        let inspection = try LogInspection(csv: log.path)
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

    @Test("what is no table is refused", arguments: ["", "one column\n1\n", "{\"a\":1}\n"])
    func none(text: String) {
        #expect(throws: InputError.self) { try inspect(text) }
    }
}
