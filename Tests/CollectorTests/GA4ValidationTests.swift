import Collector
import Commerce
import Testing
import Timekeeping

/// What the validation server says of a table of payloads: the texts, codes and paths are those of
/// Google's documentation and of answers of the real server that public tests have kept.
@Suite("GA4's validation server")
struct GA4ValidationTests {
    @Test("says of each payload what is wrong in it", arguments: GA4ValidationTable.rows)
    func table(_ row: GA4ValidationTable.Row) throws {
        let answer = try GA4Fixture.validation(of: row.body, query: row.query)
        let said = answer.map { message in
            [message["validationCode"]?.text, message["fieldPath"]?.text].compactMap(\.self)
                .joined(separator: " ")
        }
        #expect(said == row.expected, "\(row)")
        if let words = row.words {
            let descriptions = answer.map { $0["description"]?.text }
            #expect(descriptions.contains(words), "\(row)")
        }
    }

    @Test("has at least 60 payloads, with every code")
    func size() {
        #expect(GA4ValidationTable.rows.count >= 60)
        let codes = Set(
            GA4ValidationTable.rows.flatMap(\.expected).compactMap {
                $0.split(separator: " ").first.map(String.init)
            }
        )
        #expect(
            codes == [
                "VALUE_INVALID", "VALUE_REQUIRED", "NAME_INVALID", "NAME_RESERVED",
                "VALUE_OUT_OF_BOUNDS", "EXCEEDED_MAX_ENTITIES", "NAME_DUPLICATED",
            ]
        )
    }

    @Test("answers 200 in JSON, and keeps nothing")
    func answer() throws {
        let request = GA4Fixture.request(
            #"{"client_id":"1.2","events":[{"name":"login"}]}"#,
            path: "/debug/mp/collect"
        )
        let ga4 = GA4Fixture.ga4
        let collected = try ga4.read(request, from: "shop")
        #expect(collected.events.isEmpty)
        let answer = ga4.answer(to: collected)
        #expect(answer.status == 200)
        #expect(answer.body == Array(#"{"validationMessages":[]}"#.utf8))
    }
}

/// GA4 requests for the tests.
enum GA4Fixture {
    static let query = [(name: "measurement_id", value: "G-1"), (name: "api_secret", value: "s")]
    /// 1678758461178324 µs.
    static let received = Timestamp(nanoseconds: 1_678_758_461_178_324_000)
    static let ga4 = GA4Protocol(mint: IdentityMint(at: Timestamp(seconds: 1)))

    static func request(
        _ body: String,
        path: String = "/mp/collect",
        query: [(name: String, value: String)] = query
    ) -> CollectorRequest {
        CollectorRequest(
            method: "POST",
            path: path,
            query: query,
            body: Array(body.utf8),
            received: received
        )
    }

    /// The messages that the validation server has for `body`.
    static func validation(
        of body: String,
        query: [(name: String, value: String)]
    ) throws -> [JSONTree] {
        let collected = try ga4.read(
            request(body, path: "/debug/mp/collect", query: query),
            from: "shop"
        )
        let answer = try JSONTree(ga4.answer(to: collected).body)
        return try #require(answer["validationMessages"]?.elements)
    }
}
