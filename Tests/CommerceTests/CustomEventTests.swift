import Commerce
import Testing
import Timekeeping

/// Events that a shop has named itself, as they are read and written.
struct CustomEventTests {
    private let symbols = SymbolTable()

    private static func declared(
        _ unknown: EventDeclarations.Unknown = .reject
    ) -> EventDeclarations {
        var events = EventDeclarations()
        events.declared = [
            .init(
                name: "search_made",
                parameters: [
                    .init(name: "query", kind: .string),
                    .init(name: "n_results", kind: .integer),
                    .init(name: "share", kind: .number),
                    .init(name: "is_new", kind: .boolean),
                    .init(name: "user_id", kind: .user),
                ]
            )
        ]
        events.unknownEvents = unknown
        return events
    }

    /// An event of `type` with `data`, which comes first where `dataFirst` says so.
    private static func line(_ type: String, _ data: String, dataFirst: Bool = false) -> String {
        let head =
            #""specversion":"1.0","id":"a-1","source":"/shop","time":"1997-01-01T00:00:00Z""#
        return dataFirst
            ? #"{"data":\#(data),\#(head),"type":"\#(type)"}"#
            : #"{\#(head),"type":"\#(type)","data":\#(data)}"#
    }

    private func decode(
        _ line: String,
        _ events: EventDeclarations
    ) throws(RejectionReason) -> Event {
        try CloudEventDecoder(symbols: symbols, events: events)
            .decode(Array(line.utf8)[...]).event
    }

    @Test(arguments: ["search_made", "com.shop.search_made.v2"], [false, true])
    func `a declared event is read with its keys`(type: String, dataFirst: Bool) throws {
        let data = #"{"query":"shoes","n_results":3,"share":0.5,"is_new":true,"user_id":"u7"}"#
        let event = try decode(Self.line(type, data, dataFirst: dataFirst), Self.declared())
        #expect(event.name == .custom)
        #expect(event.name(in: symbols) == "search_made")
        #expect(event.user == Symbol(number: 7))
        #expect(event.value == 0 && event.itemCount == 0)
    }

    /// What is wrong, and the field that is named for it.
    @Test(
        arguments: [
            (#"{"n_results":3.5}"#, "data.n_results", "not a whole number"),
            (#"{"n_results":"3"}"#, "data.n_results", "number"),
            (#"{"query":3}"#, "data.query", "text"),
            (#"{"is_new":1}"#, "data.is_new", "true or false"),
            (#"{"share":"x"}"#, "data.share", "number"),
            (#"{"query":"a","query":"b"}"#, "data.query", "given twice"),
            (#"{"other":1,"other":2}"#, "data.other", "given twice"),
            (#"{"user_id":7}"#, "data.user_id", "text"),
        ],
        [false, true]
    )
    func `a parameter of another kind is named`(
        mistake: (data: String, field: String, message: String),
        dataFirst: Bool
    ) throws {
        let line = Self.line("search_made", mistake.data, dataFirst: dataFirst)
        let reason = try #require(throws: RejectionReason.self) {
            try decode(line, Self.declared())
        }
        #expect(reason.field == mistake.field)
        #expect(reason.message.contains(mistake.message), "\(reason.message)")
    }

    @Test func `a custom event may have parameters that are not declared`() throws {
        let data = #"{"engagement_time_msec":100,"deep":{"er":[1,{"x":null}]},"n_results":null}"#
        #expect(try decode(Self.line("search_made", data), Self.declared()).name == .custom)
    }

    @Test func `an event that nobody declared is refused, or kept by its name`() throws {
        let line = Self.line("purchse", "{}")
        let reason = try #require(throws: RejectionReason.self) {
            try decode(line, Self.declared())
        }
        #expect(reason.reason == .unknownEvent)
        #expect(reason.message.contains("search_made"), "what is declared is listed")
        #expect(reason.message.hasSuffix(#"did you mean "purchase"?"#))
        let kept = try decode(line, Self.declared(.keep))
        #expect(kept.name(in: symbols) == "purchse")
        let whole = try decode(Self.line("io.shop.order.made", "{}"), .accepted)
        #expect(whole.name(in: symbols) == "io.shop.order.made")
    }

    @Test func `an event of GA4 has other parameters only where that is asked for`() throws {
        let data = #"{"page_location":"/","items":[{"item_id":"p1","custom":1}]}"#
        let line = Self.line("view_item", data)
        #expect(throws: RejectionReason.self) { try decode(line, Self.declared(.keep)) }
        #expect(try decode(line, .accepted).name == .viewItem)
    }

    @Test func `names are bounded in length, in number and in what they hold`() throws {
        let limit = EventDeclarations.longestName
        func isTaken(_ name: String) -> Bool {
            (try? decode(Self.line(name, "{}"), .accepted)) != nil
        }
        #expect(isTaken(String(repeating: "x", count: limit)))
        #expect(!isTaken(String(repeating: "x", count: limit + 1)))
        #expect(!isTaken(#"a\u0007b"#))
        #expect(!isTaken(""))
        for number in 1..<SymbolTable.customNameLimit { #expect(isTaken("n\(number)")) }
        #expect(!isTaken("one_too_many"))
        #expect(isTaken("n1"), "those that are known go on")
    }

    @Test func `what is written of a custom event is read as it`() throws {
        for type in ["search_made", "io.shop.order.made", "caf\u{e9}"] {
            let line = Self.line(type, #"{"user_id":"u7"}"#)
            let event = try decode(line, .accepted)
            var builder = BatchBuilder(stream: .none, symbols: symbols, capacity: 1)
            builder.append(event, items: [])
            let batch = builder.finish(schedule: .asRecorded)
            #expect(batch.attribute("type", of: 0) == type)
            var bytes: [UInt8] = []
            CloudEventEncoder().append(0, of: batch, to: &bytes)
            let again = try CloudEventDecoder(symbols: symbols, events: .accepted)
                .decode(bytes[...]).event
            #expect(again.name(in: symbols) == type)
            #expect(again.user == event.user)
        }
    }

    @Test func `an event still takes 96 bytes`() {
        #expect(MemoryLayout<Event>.stride == 96)
    }
}
