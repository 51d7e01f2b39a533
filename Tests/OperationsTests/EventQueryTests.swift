import Operations
import Storage
import Testing

struct EventQueryTests {
    @Test func `keys are read, and all of them count`() throws {
        let query = try EventQuery([
            "order=o-93", "user=a=b", "product=p1", "product=p2", "message-id=007",
            "trace=00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        ])
        #expect(
            query.conditions.map(\.key) == [.order, .user, .product, .product, .message, .trace]
        )
        #expect(
            query.conditions.map(\.value) == [
                "o-93", "a=b", "p1", "p2", "7", "0af7651916cd43dd8448eb211c80319c",
            ]
        )
    }

    @Test(arguments: [
        ("order", "\"order\" has no \"=\"; expected <key>=<value>, such as order=o42"),
        ("order=", "order= finds nothing; expected a text that is not empty"),
        (
            "oder=o1",
            "there is no key \"oder\"; expected one of order, user, session, product, id, "
                + "message-id, trace; did you mean \"order\"?"
        ),
        ("message-id=x", "message-id=x finds nothing; expected a position in a topic, from 1"),
        ("message-id=0", "message-id=0 finds nothing; expected a position in a topic, from 1"),
        ("message-id=+1", "message-id=+1 finds nothing; expected a position in a topic, from 1"),
        (
            "trace=xyz",
            "trace=xyz finds nothing; expected 32 hexadecimal digits, or a whole traceparent"
        ),
        (
            "trace=00000000000000000000000000000000",
            "trace=00000000000000000000000000000000 finds nothing; expected 32 hexadecimal "
                + "digits, or a whole traceparent"
        ),
    ])
    func `what is no key is named, with what was expected`(term: String, said: String) {
        let error = #expect(throws: EventQueryError.self) { try EventQuery(["user=u1", term]) }
        #expect(error?.mistakes == [said])
    }

    @Test func `all mistakes are told at once`() {
        let error = #expect(throws: EventQueryError.self) { try EventQuery(["a=1", "b=2", "c"]) }
        #expect(error?.mistakes.count == 3)
        #expect(throws: EventQueryError.self) { try EventQuery([]) }
    }
}
