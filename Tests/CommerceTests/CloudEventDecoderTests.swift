import Commerce
import Foundation
import Testing
import Timekeeping

struct CloudEventDecoderTests {
    private let symbols = SymbolTable()

    /// The smallest event, with `attributes` in place of or beside its own.
    private func line(_ attributes: [String: String] = [:]) -> String {
        var all = [
            "specversion": #""1.0""#, "id": #""a-1""#, "source": #""/shop""#,
            "type": #""com.weir.shop.purchase.v1""#, "time": #""1997-01-01T00:00:00Z""#,
        ]
        all.merge(attributes) { $1 }
        let pairs = all.sorted { $0.key < $1.key }.filter { $0.value != "-" }
        return "{" + pairs.map { #""\#($0.key)":\#($0.value)"# }.joined(separator: ",") + "}"
    }

    private func decode(_ text: String) throws(RejectionReason) -> (event: Event, items: [Item]) {
        try CloudEventDecoder(symbols: symbols).decode(Array(text.utf8)[...])
    }

    private func rejection(_ text: String) throws -> RejectionReason {
        try #require(throws: RejectionReason.self) { try decode(text) }
    }

    @Test func `an event of every known attribute and parameter is read`() throws {
        let data = #"""
            {"items":[{"price":11.77,"quantity":3,"item_id":"p3","item_category":"c2",
            "item_name":"n","item_brand":"b","item_category2":"x","item_category3":"x",
            "item_category4":"x","item_category5":"x","item_variant":"v","item_list_id":"l",
            "item_list_name":"l","discount":0.5,"index":1,"coupon":"c","affiliation":"a",
            "currency":"USD","location_id":"q"},{"item_id":"p4","item_category":null}],
            "value":35.310,"currency":"USD","transaction_id":"T-1","user_id":"u7",
            "session_id":"s9","tax":1.1,"shipping":2,"coupon":"c","affiliation":"a",
            "item_list_id":"l","item_list_name":"l","search_term":"t","location_id":"q"}
            """#
        let (event, items) = try decode(
            line([
                "subject": #""o5""#, "datacontenttype": #""application/json; charset=utf-8""#,
                "dataschema": #""https://example.org/v1""#, "tracestate": #""a=b""#,
                "traceparent": #""00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01""#,
                "sequence": #""0042""#, "partitionkey": #""k""#, "correlationid": #""c""#,
                "causationid": #""c""#, "sampledrate": "30",
                "recordedtime": #""1997-01-01T00:00:01Z""#,
                "expirytime": #""1997-01-02T00:00:00+01:00""#, "data": data,
            ])
        )
        #expect(event.sequence == 42)
        #expect(event.value == 3531)
        #expect(event.currency == .usd)
        #expect(event.user == Symbol(number: 7))
        #expect(event.session == Symbol(number: 9))
        #expect(event.subject == Symbol(number: 5))
        #expect(event.subjectNamespace == .order)
        #expect(symbols.text(of: event.transaction, in: .order) == "T-1")
        #expect(!event.hasUUID)
        #expect(
            items == [
                Item(
                    product: Symbol(number: 3),
                    category: Symbol(number: 2),
                    price: 1177,
                    quantity: 3
                ),
                Item(product: Symbol(number: 4), category: .none, price: 0, quantity: 1),
            ]
        )
    }

    @Test(
        arguments: [
            ("0.1", 10), ("11.77", 1177), ("2500315.63", 250_031_563), ("-0.01", -1), ("7", 700),
            ("9007199254740993.01", 900_719_925_474_099_301), ("1.10000", 110),
            ("92233720368547758.07", Int64.max),
        ])
    func `an amount is read exactly`(text: String, cents: Int64) throws {
        let (event, _) = try decode(line(["data": #"{"value":\#(text),"currency":"USD"}"#]))
        #expect(event.value == cents)
    }

    @Test func `an event without a value is worth its items`() throws {
        let (event, _) = try decode(
            line(["data": #"{"items":[{"price":1.5,"quantity":3},{"price":2}],"currency":"EUR"}"#])
        )
        #expect(event.value == 650)
    }

    @Test func `an empty transaction id is present and empty`() throws {
        let (event, _) = try decode(line(["data": #"{"transaction_id":""}"#]))
        #expect(event.transaction.isPresent)
        #expect(symbols.isEmpty(event.transaction))
    }

    @Test(
        arguments: [
            ("com.weir.shop.add_to_cart.v1", EventName.addToCart, Namespace.cart),
            ("com.example.v12.refund.v007", .refund, .order), ("search", .search, .session),
            ("com.a.begin_checkout.v2", .beginCheckout, .cart),
        ])
    func `a type names its event`(type: String, name: EventName, namespace: Namespace) throws {
        let (event, _) = try decode(line(["type": "\"\(type)\""]))
        #expect(event.name == name)
        #expect(event.subjectNamespace == namespace)
    }

    @Test(
        arguments: [
            "com.purchase.v1", "com..purchase.v1", "com.shop.purchase.v", "com.shop.purchase.1",
            "org.shop.purchase.v1", "com.shop.purchase", "Purchase", "", "com.shop.purchase.vx",
        ])
    func `a type that names no event is refused`(type: String) throws {
        #expect(throws: RejectionReason.self) { try decode(line(["type": "\"\(type)\""])) }
    }

    @Test(
        arguments: [
            (["id": "-"], .missingField, "id"), (["source": "-"], .missingField, "source"),
            (["specversion": "-"], .missingField, "specversion"),
            (["time": "null"], .missingField, "time"), (["type": "-"], .missingField, "type"),
            (["id": #""""#], .emptyField, "id"), (["id": "7"], .wrongType, "id"),
            (["source": "[]"], .wrongType, "source"), (["subject": "{}"], .wrongType, "subject"),
            (["specversion": #""0.3""#], .badVersion, "specversion"),
            (["type": #""com.weir.shop.purchse.v1""#], .unknownEvent, "type"),
            (["time": #""1997-02-30T00:00:00Z""#], .badDate, "time"),
            (["expirytime": #""soon""#], .badDate, "expirytime"),
            (["datacontenttype": #""text/xml""#], .badContentType, "datacontenttype"),
            (
                ["traceparent": #""00-00000000000000000000000000000000-b7ad6b7169203331-01""#],
                .badTraceparent, "traceparent"
            ),
            (
                ["traceparent": #""00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01""#],
                .badTraceparent, "traceparent"
            ),
            (["sequence": #""-1""#], .badSequence, "sequence"),
            (["sequence": #""""#], .badSequence, "sequence"),
            (["sequence": #""0""#], .badSequence, "sequence"),
            (["sequence": #""9223372036854775808""#], .badSequence, "sequence"),
            (["sequence": "5"], .wrongType, "sequence"),
            (["sampledrate": "true"], .wrongType, "sampledrate"),
            (["data": "7"], .wrongType, "data"), (["suject": #""o1""#], .unknownField, "suject"),
        ] as [([String: String], RejectionReason.Reason, String)]
    )
    func `a wrong attribute is named`(
        attributes: [String: String],
        reason: RejectionReason.Reason,
        field: String
    ) throws {
        let rejection = try rejection(line(attributes))
        #expect(rejection.reason == reason)
        #expect(rejection.field == field)
        #expect((rejection.column == nil) == (reason == .missingField))
    }

    @Test(
        arguments: [
            (#"{"currency":"usd"}"#, .badCurrency, "data.currency"),
            (#"{"currency":1}"#, .wrongType, "data.currency"),
            (#"{"value":1.005,"currency":"USD"}"#, .badMoney, "data.value"),
            (#"{"value":1.5,"currency":"JPY"}"#, .badMoney, "data.value"),
            (#"{"value":1e2,"currency":"USD"}"#, .badMoney, "data.value"),
            (#"{"value":92233720368547758.08}"#, .badMoney, "data.value"),
            (#"{"value":"1.00"}"#, .wrongType, "data.value"),
            (#"{"transactionid":"T"}"#, .unknownField, "data.transactionid"),
            (#"{"user_id":7}"#, .wrongType, "data.user_id"),
            (#"{"tax":"1"}"#, .wrongType, "data.tax"),
            (#"{"coupon":1}"#, .wrongType, "data.coupon"),
            (#"{"items":{}}"#, .wrongType, "data.items"),
            (#"{"items":[{},7]}"#, .wrongType, "data.items[1]"),
            (#"{"items":[{"price":1.999}]}"#, .badMoney, "data.items[0].price"),
            (#"{"items":[{},{"quantity":1.5}]}"#, .badCount, "data.items[1].quantity"),
            (#"{"items":[{"quantity":2147483648}]}"#, .badCount, "data.items[0].quantity"),
            (#"{"items":[{"item_idd":"p"}]}"#, .unknownField, "data.items[0].item_idd"),
            (
                #"{"items":[{"currency":"EUR"}],"currency":"USD"}"#, .badCurrency,
                "data.items[0].currency"
            ),
            (#"{"items":[{"price":92233720368547758.07,"quantity":2}]}"#, .badMoney, "data.items"),
            (#"{"value":1,"value":2}"#, .duplicateField, "data.value"),
        ] as [(String, RejectionReason.Reason, String)]
    )
    func `a wrong parameter is named`(
        data: String,
        reason: RejectionReason.Reason,
        field: String
    ) throws {
        let rejection = try rejection(line(["data": data]))
        #expect(rejection.reason == reason)
        #expect(rejection.field == field)
        #expect(rejection.column != nil)
    }

    @Test func `a misspelt name comes with the one that was meant`() throws {
        #expect(try rejection(line(["suject": "1"])).message.contains(#"did you mean "subject"?"#))
        let data = try rejection(line(["data": #"{"transactionid":"T"}"#]))
        #expect(data.message.contains(#"did you mean "transaction_id"?"#))
        let type = try rejection(line(["type": #""com.weir.shop.purchse.v1""#]))
        #expect(type.message.contains(#"did you mean "purchase"?"#))
        #expect(try !rejection(line(["colour": "1"])).message.contains("did you mean"))
    }

    @Test(
        arguments: [
            ("", 1), ("[]", 1), ("{", 2), (#"{"id"}"#, 6), (#"{"id":"a",}"#, 11), (#"{"id":"a"#, 9),
            (#"{"id":"a"} x"#, 12), (#"{"data":{"items":[tru]}}"#, 19),
            (#"{"sampledrate":01}"#, 16),
            (#"{"sampledrate":1.}"#, 18), (#"{"sampledrate":-}"#, 17), (#"{"sampledrate":1e}"#, 18),
            (#"{"id":"\x"}"#, 9), (#"{"id":"\u12"}"#, 12), (#"{"id":"\ud800"}"#, 14),
            (#"{"id":"\ud800\u0041"}"#, 20), ("{\"id\":\"a\tb\"}", 9), (#"{id:1}"#, 2),
            (#"{"data":{"items":[1,]}}"#, 21), (#"{"data":{"items":[1 2]}}"#, 21),
        ])
    func `what is not JSON is refused at its byte`(text: String, column: Int) throws {
        let rejection = try rejection(text)
        #expect(rejection.reason == (text == "[]" ? .wrongType : .notJSON))
        #expect(rejection.column == column)
    }

    @Test func `deep nesting is refused and not followed`() throws {
        let deep = String(repeating: "[", count: 100_000)
        #expect(try rejection(line(["data": #"{"items":\#(deep)"#])).reason == .notJSON)
    }

    @Test func `bytes that are not text are refused`() throws {
        let decoder = CloudEventDecoder(symbols: symbols)
        let bytes = Array(#"{"id":""#.utf8)
        let invalid = #expect(throws: RejectionReason.self) {
            try decoder.decode((bytes + [0xff])[...])
        }
        #expect(invalid?.reason == .invalidUTF8)
        #expect(invalid?.column == 8)
        let nul = #expect(throws: RejectionReason.self) { try decoder.decode((bytes + [0])[...]) }
        #expect(nul?.reason == .nulByte)
        #expect(try rejection(#"{"id":"\u0000"}"#).reason == .nulByte)
    }

    @Test func `escapes are undone`() throws {
        let (event, _) = try decode(line(["subject": #""\"\\\/\b\f\n\r\té😀""#]))
        #expect(
            symbols.text(of: event.subject, in: .order) == "\"\\/\u{8}\u{c}\n\r\té😀"
        )
    }

    @Test(arguments: 1...50)
    func `damaged JSON is refused where the library refuses it`(seed: UInt64) throws {
        let data = #"{"currency":"USD","value":12.50,"items":[{"item_id":"é😀"}]}"#
        let sound = Array(line(["data": data, "sampledrate": "-1.5e+3"]).utf8)
        var random = Randomness(seed: seed)
        let spare = Array(#"{}[]":,\0-eu n"#.utf8)
        for _ in 0..<100 {
            var bytes = sound
            let place = Int(random.below(UInt64(bytes.count)))
            switch random.below(3) {
            case 0: bytes.remove(at: place)
            case 1: bytes.removeLast(bytes.count - place)
            default: bytes[place] = spare[Int(random.below(UInt64(spare.count)))]
            }
            let parsed = try? JSONSerialization.jsonObject(with: Data(bytes))
            if parsed == nil {
                let text = String(decoding: bytes, as: UTF8.self)
                #expect(throws: RejectionReason.self, "\(text)") {
                    try CloudEventDecoder(symbols: symbols).decode(bytes[...])
                }
            }
        }
    }
}
