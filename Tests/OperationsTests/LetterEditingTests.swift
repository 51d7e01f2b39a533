import Commerce
import Operations
import Storage
import TestSupport
import Testing
import Timekeeping

/// Edits of dead letters: what they change, and what they refuse.
struct LetterEditingTests {
    private static let now = Shop.epoch + .seconds(60)
    private static let judge = LetterJudge(.standard, at: now)
    private static let decision = LetterDecision(time: now, who: "me", why: "a typo")
    private static let document =
        #"{"specversion":"1.0","id":"e1","source":"shop","type":"purchase","#
        + #""time":"2023-11-14T22:13:20Z","sequence":"0007","#
        + #""data":{"user_id":"u1","currency":"USD","#
        + #""value":10.50,"items":[{"item_id":"p1","price":-12.50,"quantity":1}]}}"#

    private static func letter(_ document: String = document) -> KeptLetter {
        KeptLetter(
            name: LetterName(subscription: "ingest", source: "shop", id: "e1", position: 7),
            reason: "transaction-id-missing",
            detail: "a purchase or refund needs data.transaction_id",
            attempts: 3,
            firstFailure: Shop.epoch,
            lastFailure: Shop.epoch + .seconds(5),
            document: Array(document.utf8),
            decision: nil
        )
    }

    private static func edit(
        _ settings: [String],
        of letter: KeptLetter = letter(),
        besides others: [KeptLetter] = []
    ) throws(LetterEditError) -> LetterEditing {
        try LetterEditing(of: letter, settings, decision, by: judge, besides: others)
    }

    @Test func `an edit is another event, which names the one it came of`() throws {
        let editing = try Self.edit(["data.transaction_id=o-1", "data.items[0].price=12.50"])
        let successor = editing.successor
        #expect(EventID(uuid: successor.name.id) != nil)
        #expect(successor.name.source == "shop" && successor.name.position == 7)
        #expect(successor.name.subscription == "ingest")
        #expect(successor.edit?.original == "e1")
        #expect(successor.edit?.who == "me" && successor.edit?.why == "a typo")
        // What nobody has named stays as it was written, to the last digit.
        #expect(
            String(decoding: successor.document, as: UTF8.self)
                == #"{"specversion":"1.0","id":"\#(successor.name.id)","source":"shop","#
                + #""type":"purchase","time":"2023-11-14T22:13:20Z","sequence":"0007","#
                + #""data":{"user_id":"u1","currency":"USD","value":10.50,"#
                + #""items":[{"item_id":"p1","price":12.50,"quantity":1}],"#
                + #""transaction_id":"o-1"},"causationid":"e1"}"#
        )
        #expect(
            editing.changes.map { "\($0.path): \($0.before ?? "-") > \($0.after ?? "-")" } == [
                #"data.transaction_id: - > "o-1""#, "data.items[0].price: -12.50 > 12.50",
                #"id: "e1" > "\#(successor.name.id)""#, #"causationid: - > "e1""#,
            ]
        )
    }

    @Test func `the same edit of an event is the same event, and another one is refused`() throws {
        let settings = ["data.transaction_id=o-1", "data.items[0].price=12.50"]
        let first = try Self.edit(settings).successor
        var other = Self.letter()
        other.name.subscription = "analytics"
        (other.attempts, other.lastFailure) = (1, Shop.epoch + .seconds(9))
        #expect(try Self.edit(settings, of: other).successor.name.id == first.name.id)
        #expect(try Self.edit(settings, of: other).successor.document == first.document)
        other.name.position = 8
        #expect(try Self.edit(settings, of: other).successor.name.id == first.name.id)
        let second = ["data.transaction_id=o-2", "data.items[0].price=12.50"]
        #expect(try Self.edit(second).successor.name.id != first.name.id)
        other.successor = first.name.id
        let others = [other, Self.letter()]
        #expect(try Self.edit(settings, besides: others).successor.name.id == first.name.id)
        let error = #expect(throws: LetterEditError.self) {
            try Self.edit(second, besides: others)
        }
        #expect(error?.description.contains("message 8 of analytics, the same event") == true)
    }

    @Test func `a text stays a text, and JSON is JSON`() throws {
        let sound = ["data.transaction_id=o-1", "data.items.0.price=1"]
        func written(_ setting: String) throws -> String {
            let editing = try Self.edit(sound + [setting])
            return editing.changes.first { setting.hasPrefix($0.path) }?.after ?? ""
        }
        #expect(try written("data.user_id=42") == #""42""#)
        #expect(try written("data.user_id=null") == "null")
        #expect(try written(#"data.user_id="a\"b""#) == #""a\"b""#)
        #expect(try written("data.value=42.10") == "42.10")
        #expect(try written(#"data.session_id=a b=c"#) == #""a b=c""#)
    }

    @Test(arguments: [
        (["data.transaction_id="], "it would fail again, transaction-id-empty"),
        (["data.items.0.price=5"], "transaction-id-missing"),
        (["data.transaction_id=4711"], "data.transaction_id: is a number; expected a text"),
        (["data.user_id=u1"], "nothing changes"),
        (["id=e2"], "id cannot be set; it gets a new one"),
        (["source=other"], "source cannot be set"),
        (["causationid=x"], "causationid cannot be set"),
        (["data.items.7.price=1"], "\"7\" is no place in an array of 1; expected 0 to 1"),
        (["data.user_id.x=1"], "which is no object"),
        (["data..x=1"], "a part of the path is empty"), (["=1"], "expected <path>=<value>"),
        (["data"], "expected <path>=<value>"), (["type=42"], "is not the name of an event"),
    ])
    func `what would be no event, or fail again, is refused with its reason`(
        settings: [String],
        said: String
    ) {
        let error = #expect(throws: LetterEditError.self) { try Self.edit(settings) }
        #expect(error?.description.contains(said) == true, "\(error?.description ?? "")")
    }

    @Test func `bytes that are no JSON object, and an edited letter, cannot be edited`() {
        for document in ["19990101 12 4", "{\"a\":", "[1]", ""] {
            let error = #expect(throws: LetterEditError.self) {
                try Self.edit(["data.transaction_id=o-1"], of: Self.letter(document))
            }
            #expect(error?.description.contains("its bytes are no JSON object") == true)
        }
        var changed = Self.letter()
        changed.successor = "e9"
        let edited = changed
        let error = #expect(throws: LetterEditError.self) {
            try Self.edit(["data.transaction_id=o-1"], of: edited)
        }
        #expect(error?.description.contains("its successor e9 is open") == true)
    }
}
