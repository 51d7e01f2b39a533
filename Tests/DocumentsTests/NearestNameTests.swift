import Documents
import Testing

struct NearestNameTests {
    private let known = ["id", "time", "type", "subject", "sequence"]

    @Test(
        arguments: [
            ("tyme", "time"), ("tpye", "type"), ("Subject", "subject"), ("sequnce", "sequence"),
            ("idd", "id"), ("time", "time"), ("SUBJECT", "subject"),
        ])
    func `a close name is suggested`(name: String, expected: String) {
        #expect(nearestName(to: name, in: known) == expected)
    }

    @Test(arguments: ["", "x", "xy", "colour", "subjective", "tim3stamp"])
    func `a name far from all is not`(name: String) {
        #expect(nearestName(to: name, in: known) == nil)
    }

    @Test func `of equally close names the first one wins`() {
        #expect(nearestName(to: "cat", in: ["bat", "hat"]) == "bat")
        #expect(nearestName(to: "cat", in: ["boat", "hat"]) == "hat")
        #expect(nearestName(to: "cat", in: [String]()) == nil)
    }
}
