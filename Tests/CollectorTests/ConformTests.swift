import Collector
import Commerce
import Digests
import Stages
import Testing
import Timekeeping

/// What is done to every event at the door.
struct ConformTests {
    private static let secret = Array("Jefe".utf8)
    private static let origin = EventOrigin(
        source: "web",
        userAgent: "Mozilla/5.0 (compatible; Googlebot/2.1)",
        received: Timestamp(seconds: 1_700_000_000)
    )

    private func conformed(
        _ data: String,
        type: String = "search_made",
        attributes: [(name: String, value: String)] = [],
        _ change: (inout ConformRules) -> Void
    ) throws -> (json: String, applied: [String]) {
        var rules = ConformRules()
        change(&rules)
        var event = CollectedEvent(
            attributes: [("id", "1"), ("type", type)] + attributes,
            data: try JSONTree(Array(data.utf8))
        )
        let applied = Conformer(rules, secret: Self.secret).conform(&event, from: Self.origin)
        return (event.data.json, applied.map { "\($0.rule): \($0.values)" })
    }

    /// RFC 4231, test cases 2 and 6.
    @Test func `digests are those of HMAC-SHA-256`() {
        func text(_ content: String, _ key: [UInt8]) -> String {
            SHA256Digest(of: Array(content.utf8), key: key).bytes
                .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        #expect(
            text("what do ya want for nothing?", Array("Jefe".utf8))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        )
        #expect(
            text(
                "Test Using Larger Than Block-Size Key - Hash Key First",
                Array(repeating: 0xaa, count: 131)
            ) == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        )
    }

    @Test func `a field is hidden wherever a member has its name`() throws {
        let (json, applied) = try conformed(
            #"{"email":"a@x.com","list":[{"email":"b@x.com","q":1}],"to":{"email":{"x":null}}}"#
        ) { $0.personalData = [PersonalDataRule(field: "email", treatment: .drop)] }
        #expect(json == #"{"list":[{"q":1}],"to":{}}"#)
        #expect(applied.contains("drop email: 3"))
    }

    @Test func `a name is the same however a client spells it`() throws {
        for name in ["user_id", "userId", "USERID", "user-id"] {
            let (json, _) = try conformed(#"{"\#(name)":"ann","sub":[{"userId":"bob"}]}"#) {
                $0.personalData = [PersonalDataRule(field: "userId", treatment: .drop)]
            }
            #expect(json == #"{"sub":[{}]}"#)
        }
    }

    @Test func `a path goes through every element of an array`() throws {
        let (json, _) = try conformed(#"{"items":[{"note":"a","n":1},{"note":"b"}]}"#) {
            $0.personalData = [PersonalDataRule(field: "data.items.note", treatment: .drop)]
        }
        #expect(json == #"{"items":[{"n":1},{}]}"#)
    }

    @Test(arguments: ["Kauf", "com.weir.shop.Kauf.v1", "com.weir.shop.kauf.v1"])
    func `an event is called as a rule says, whatever protocol it came in`(type: String) throws {
        var rules = ConformRules()
        rules.names = ["Kauf": "purchase"]
        var event = CollectedEvent(
            attributes: [("id", "1"), ("type", type)],
            data: try JSONTree(Array(#"{"event_title":"Kauf"}"#.utf8))
        )
        _ = Conformer(rules, secret: []).conform(&event, from: Self.origin)
        #expect(event.attributes.contains { $0.name == "type" && $0.value == "purchase" })
    }

    @Test func `a path hides one member, and a star those of each element`() throws {
        let (json, _) = try conformed(
            #"{"email":"a","to":{"email":"what do ya want for nothing?"},"#
                + #""l":[{"n":"xyz"},{"n":7}]}"#
        ) {
            $0.personalData = [
                PersonalDataRule(field: "data.to.email", treatment: .hash),
                PersonalDataRule(field: "data.l.*.n", treatment: .truncate, keep: 2),
            ]
        }
        #expect(
            json == #"{"email":"a","to":{"email":"5bdcc146bf60754e6a042426089575c7"},"#
                + #""l":[{"n":"xy"},{"n":"7"}]}"#
        )
    }

    @Test func `an attribute is hidden by its name`() throws {
        var rules = ConformRules()
        rules.personalData = [PersonalDataRule(field: "subject", treatment: .drop)]
        var event = CollectedEvent(
            attributes: [("id", "1"), ("subject", "a@x.com")],
            data: .object([])
        )
        _ = Conformer(rules, secret: []).conform(&event, from: Self.origin)
        #expect(event.attributes.map(\.name) == ["id", "recordedtime"])
    }

    @Test(
        arguments: [
            ("192.168.7.42", "192.168.7.0"),
            (
                "2001:db8:85a3:8d3:1319:8a2e:370:7348",
                "2001:db8:85a3::"
            ), ("::1", "::"), ("2001:db8::1", "2001:db8::"),
            ("300.1.1.1", "3"), ("ann", "a"), ("1.2.3", "1"),
            (
                "\u{1F469}\u{200D}\u{1F4BB}x",
                "\u{1F469}\u{200D}\u{1F4BB}"
            ),
        ]
    )
    func `an address loses its host, and a text its end`(
        value: String,
        expected: String
    ) throws {
        let (json, _) = try conformed(#"{"ip":"\#(value)"}"#) {
            $0.personalData = [PersonalDataRule(field: "ip", treatment: .truncate)]
        }
        #expect(json == #"{"ip":"\#(expected)"}"#)
    }

    @Test func `traffic of machines and of the shop's own people is marked`() throws {
        let bot = try conformed("{}") { $0.traffic.bots = ["googlebot"] }
        #expect(bot.json == #"{"traffic_type":"bot"}"#)
        #expect(bot.applied.contains("traffic-type: 1"))
        let own = try conformed(#"{"user_id":"ann"}"#) {
            $0.traffic.bots = ["googlebot"]
            $0.traffic.internalUsers = ["ann"]
        }
        #expect(own.json == #"{"user_id":"ann","traffic_type":"internal"}"#)
        let said = try conformed(#"{"traffic_type":"x"}"#) { $0.traffic.bots = ["googlebot"] }
        #expect(said.json == #"{"traffic_type":"x"}"#, "what the client says stays")
    }

    @Test func `a value without a currency gets that of the shop`() throws {
        let with = try conformed(#"{"value":1.50}"#) { $0.currency = .usd }
        #expect(with.json == #"{"value":1.50,"currency":"USD"}"#)
        let without = try conformed(#"{"q":1}"#) { $0.currency = .usd }
        #expect(without.json == #"{"q":1}"#)
    }

    @Test func `an event is called as the pipeline calls it`() throws {
        var rules = ConformRules()
        rules.names = ["Product Searched": "search"]
        var event = CollectedEvent(
            attributes: [("id", "1"), ("type", "Product Searched")],
            data: .object([])
        )
        let applied = Conformer(rules, secret: []).conform(&event, from: Self.origin)
        #expect(applied.map(\.rule) == ["rename"])
        #expect(event.attributes.map(\.value) == ["1", "search", "2023-11-14T22:13:20Z"])
        let again = Conformer(rules, secret: []).conform(&event, from: Self.origin)
        #expect(again.isEmpty, "what is in form stays as it is")
    }
}
