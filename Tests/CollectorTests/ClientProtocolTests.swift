import Collector
import HTTPTypes
import Testing

@Suite("What a client is told")
struct ClientProtocolTests {
    @Test("an answer in JSON says so")
    func json() {
        let answer = CollectorAnswer.json(200, #"{"success":true}"#)
        #expect(answer.fields[.contentType] == "application/json")
        #expect(answer.body == Array(#"{"success":true}"#.utf8))
    }
}
