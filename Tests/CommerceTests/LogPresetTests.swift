import Commerce
import Testing
import Timekeeping

@Suite("Presets for the logs of shops")
struct LogPresetTests {
    private func read(
        _ preset: LogPreset,
        _ text: String,
        _ change: (inout CSVMapping) -> Void = { _ in }
    ) throws -> (batch: Batch, rejections: [Rejection]) {
        var mapping = preset.mapping
        change(&mapping)
        return try LogDoor.file.read(text, as: .csv, mapping: mapping)
    }

    @Test("UCI's Online Retail: invoices in pounds, cancellations as returns, London time")
    func uci() throws {
        let (batch, rejections) = try read(
            .uciRetail,
            """
            InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
            536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,12/1/2010 8:26,2.55,17850,United \
            Kingdom
            536365,71053,WHITE METAL LANTERN,6,12/1/2010 8:26,3.39,17850,United Kingdom
            C536379,D,Discount,-1,6/1/2011 9:41,27.5,14527,United Kingdom
            536544,21773,DECORATIVE ROSE BATHROOM BOTTLE,1,12/1/2010 14:32,2.51,,United Kingdom

            """
        )
        #expect(rejections.isEmpty)
        #expect(
            batch.summary == [
                "purchase 536365 35.64 x12", "refund C536379 27.50 x1", "purchase 536544 2.51 x1",
            ]
        )
        #expect(batch.events.map(\.currency.code) == ["GBP", "GBP", "GBP"])
        // Winter and summer time.
        #expect(
            batch.events.map { "\($0.time)" } == [
                "2010-12-01T08:26:00Z", "2011-06-01T08:41:00Z", "2010-12-01T14:32:00Z",
            ]
        )
        #expect(batch.events.map(\.user.isPresent) == [true, true, false])
    }

    @Test("REES46's events: views, carts and purchases, of which a session is one order")
    func rees46() throws {
        let (batch, rejections) = try read(
            .rees46,
            """
            event_time,event_type,product_id,category_id,category_code,brand,price,user_id,\
            user_session
            2019-11-01 00:00:00 UTC,view,1003461,2053013555631882655,electronics.smartphone,\
            xiaomi,489.07,520088904,s1
            2019-11-01 00:00:14 UTC,cart,1003461,2053013555631882655,electronics.smartphone,\
            xiaomi,489.07,520088904,s1
            2019-11-01 00:01:04 UTC,purchase,1003461,2053013555631882655,electronics.smartphone,\
            xiaomi,489.07,520088904,s1
            2019-11-01 00:01:04 UTC,purchase,17302664,2053013553853497655,,creed,28.31,520088904,s1
            2019-11-01 00:02:00 UTC,remove_from_cart,5000088,2053013566100866035,,janome,293.65,\
            530496790,s2

            """
        )
        #expect(rejections.isEmpty)
        #expect(
            batch.summary == [
                "view_item  489.07 x1", "add_to_cart  489.07 x1", "purchase s1 517.38 x2",
                "remove_from_cart  293.65 x1",
            ]
        )
    }

    @Test("Shopify's orders: the fields of an order stand in its first row alone")
    func shopify() throws {
        let (batch, rejections) = try read(
            .shopifyOrders,
            """
            Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,\
            Lineitem price,Lineitem sku
            #1050,ann@example.com,paid,EUR,100.90,2026-05-01 09:59:00 +0200,1,Matcha 100 g,62.95,\
            MAT-100
            #1050,ann@example.com,,,,,1,Matcha 50 g,37.95,MAT-50
            #1051,,paid,USD,5.00,2026-05-01 10:00:00 +0200,2,Spoon,2.50,SP-1

            """
        )
        #expect(rejections.isEmpty)
        #expect(batch.summary == ["purchase #1050 100.90 x2", "purchase #1051 5.00 x2"])
        #expect(batch.events.map(\.currency.code) == ["EUR", "USD"])
        #expect(
            batch.events.map { "\($0.time)" } == ["2026-05-01T07:59:00Z", "2026-05-01T08:00:00Z"]
        )
        // Another order's currency is never taken.
        let (_, others) = try read(
            .shopifyOrders,
            """
            Name,Email,Currency,Created at,Lineitem quantity,Lineitem price,Lineitem sku
            #1,a@b.c,EUR,2026-05-01 09:59:00 +0200,1,1.00,A
            #2,a@b.c,,2026-05-01 09:59:00 +0200,1,1.00,A

            """
        )
        #expect(others.map(\.reason) == ["bad-currency"])
    }

    @Test("WooCommerce's orders, in the currency that is said beside the preset")
    func woocommerce() throws {
        #expect(LogPreset.woocommerceOrders.needsCurrency)
        let (batch, rejections) = try read(
            .woocommerceOrders,
            """
            "Order Number","Order Status","Order Date","Email (Billing)","Item #",SKU,"Item Name",\
            "Quantity (- Refund)","Item Cost"
            815,Completed,"2026-03-02 11:05",ann@example.com,1,W-1,Cap,2,12.5
            815,Completed,"2026-03-02 11:05",ann@example.com,2,W-2,Scarf,1,20
            816,Processing,"2026-03-02 12:00",bob@example.com,1,W-1,Cap,1,12.5

            """
        ) { mapping in
            mapping.currency = .constant(Currency(code: "EUR") ?? .none)
            mapping.zone = try? CivilZone(named: "Europe/Berlin")
        }
        #expect(rejections.isEmpty)
        #expect(batch.summary == ["purchase 815 45.00 x3", "purchase 816 12.50 x1"])
        #expect(batch.events.first.map { "\($0.time)" } == "2026-03-02T10:05:00Z")
    }

    @Test("a preset is known by its columns", arguments: LogPreset.allCases)
    func header(preset: LogPreset) {
        let columns = preset.mapping.columnNames
        #expect(LogPreset(header: ["more"] + columns.reversed()) == preset)
        #expect(LogPreset(header: Array(columns.dropLast())) == nil)
    }
}
