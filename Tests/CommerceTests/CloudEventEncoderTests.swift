import Commerce
import Testing
import Timekeeping

struct CloudEventEncoderTests {
    private let symbols = SymbolTable()

    private func batch(_ event: Event, _ items: [Item] = []) -> Batch {
        var builder = BatchBuilder(
            stream: symbols.symbol(for: "test", in: .text),
            symbols: symbols,
            capacity: 1
        )
        builder.append(event, items: items)
        return builder.finish(schedule: .asRecorded)
    }

    private func json(_ batch: Batch) -> String {
        var bytes: [UInt8] = []
        CloudEventEncoder().append(0, of: batch, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func event(_ name: EventName, session: Symbol = .none) -> Event {
        Event(
            id: EventID(version7At: 852_076_800_000, order: 0, tail: 2),
            time: Timestamp(seconds: 852_076_800),
            source: symbols.symbol(for: "/shop", in: .text),
            sequence: 0,
            user: .none,
            session: session,
            subject: .none,
            subjectNamespace: .session,
            name: name
        )
    }

    @Test func `a purchase is written as known JSON`() {
        var purchase = event(.purchase, session: Symbol(number: 9))
        purchase.sequence = 42
        purchase.user = Symbol(number: 7)
        purchase.subject = Symbol(number: 5)
        purchase.subjectNamespace = .order
        purchase.transaction = Symbol(number: 5)
        purchase.value = 2354
        purchase.currency = .usd
        let item = Item(
            product: Symbol(number: 3),
            category: Symbol(number: 2),
            price: 1177,
            quantity: 2
        )
        let text = json(batch(purchase, [item]))
        #expect(
            text == #"{"specversion":"1.0","id":"00c663bc-2800-7000-8000-000000000002","#
                + #""source":"/shop","type":"com.weir.shop.purchase.v1","#
                + #""time":"1997-01-01T00:00:00Z","subject":"o5","#
                + #""datacontenttype":"application/json","#
                + #""traceparent":"00-6a84ee87d65d33a7b5c66105c643df2d-20deec10186e8aca-01","#
                + #""sequence":"0000000000000000042","partitionkey":"o5","#
                + #""data":{"currency":"USD","value":23.54,"transaction_id":"o5","#
                + #""user_id":"u7","session_id":"s9","items":[{"item_id":"p3","#
                + #""item_category":"c2","price":11.77,"quantity":2}]}}"#
        )
    }

    @Test func `what an event does not have is left out`() {
        let text = json(batch(event(.search)))
        #expect(text.hasSuffix(#""data":{}}"#))
        for absent in ["subject", "sequence", "partitionkey", "value", "null", "items"] {
            #expect(!text.contains(absent), "\(absent)")
        }
    }

    @Test func `the amount has as many decimals as the currency`() throws {
        for (code, expected) in [("JPY", "1234"), ("KWD", "1.234"), ("EUR", "12.34")] {
            var priced = event(.viewItem)
            priced.currency = try #require(Currency(code: code))
            priced.value = 1234
            let text = json(batch(priced))
            #expect(text.contains(#""value":\#(expected)}"#), "\(code)")
        }
    }

    @Test func `every control character, quote and backslash is escaped`() {
        var odd = event(.search)
        odd.user = symbols.symbol(
            for: "\0\u{1}\u{8}\t\n\u{b}\u{c}\r\u{1f}\"\\/\u{7f}é😀",
            in: .user
        )
        let expected =
            #""user_id":"\u0000\u0001\b\t\n\u000b\f\r\u001f\"\\/"# + "\u{7f}é😀" + #"""#
        let text = json(batch(odd))
        #expect(text.contains(expected))
    }

    @Test func `the events of a session share a trace and have spans of their own`() {
        let session = Symbol(number: 4)
        var other = event(.search, session: session)
        other.id = EventID(high: 1, low: 2)
        let first = TraceContext(
            of: event(.search, session: session),
            symbols: symbols
        )
        let second = TraceContext(of: other, symbols: symbols)
        other.source = symbols.symbol(for: "/shop2", in: .text)
        let elsewhere = TraceContext(of: other, symbols: symbols)
        #expect(first.traceID == second.traceID)
        #expect(first.span != second.span)
        #expect(second.traceID != elsewhere.traceID)
        let nextSession = TraceContext(
            of: event(.search, session: Symbol(number: 5)),
            symbols: symbols
        )
        #expect(first.traceID != nextSession.traceID)
        // Without a session, events have nothing to share.
        other.session = .none
        other.source = event(.search).source
        let alone = TraceContext(of: other, symbols: symbols)
        let another = TraceContext(of: event(.search), symbols: symbols)
        #expect(alone.traceID != another.traceID)
    }

    @Test func `a trace does not depend on what the symbols met before`() {
        func context(in symbols: SymbolTable) -> TraceContext {
            var visit = event(.search, session: symbols.symbol(for: "visit", in: .session))
            visit.source = symbols.symbol(for: "/shop", in: .text)
            return TraceContext(of: visit, symbols: symbols)
        }
        let left = context(in: SymbolTable())
        for text in ["a", "b", "c"] {
            _ = symbols.symbol(for: text, in: .text)
        }
        let right = context(in: symbols)
        #expect(left == right)
    }

    @Test func `every traceparent it writes is one`() {
        var random = Randomness(seed: 5)
        for _ in 0..<1000 {
            var some = event(.search, session: Symbol(number: random.below(1 << 40) + 1))
            some.id = EventID(high: random.next(), low: random.next())
            var bytes: [UInt8] = []
            TraceContext(of: some, symbols: symbols).appendTraceparent(to: &bytes)
            #expect(TraceContext.isTraceparent(String(decoding: bytes, as: UTF8.self)))
        }
    }
}
