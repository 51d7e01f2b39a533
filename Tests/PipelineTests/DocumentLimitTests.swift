import Pipeline
import Testing

/// Documents that are made to hurt end in one plain mistake, and soon.
@Suite(.timeLimit(.minutes(20))) struct DocumentLimitTests {
    @Test func `an alias stands for its anchor's value`() throws {
        let document = try PipelineDocument.parse(
            text: minimalPipeline + """
                  owners: [{name: &team shop}]
                  stores: [{name: a, role: &role raw, owner: *team}, {name: b, role: *role}]
                """,
            file: "f"
        )
        #expect(document.stores.map(\.owner) == ["shop", nil])
        #expect(document.stores.map(\.role) == [.raw, .raw])
    }

    @Test func `a star in a text is no alias`() throws {
        let document = try PipelineDocument.parse(
            text: minimalPipeline + "  objectives: [slo/*a.yaml, '*b', \"*c\"] # *d",
            file: "f"
        )
        #expect(document.objectives == ["slo/*a.yaml", "*b", "*c"])
    }

    @Test func `aliases of aliases are counted and not followed`() {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...60 {
            text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n"
        }
        #expect(
            complaints(about: text) == [
                "1:1: the document holds more than 100000 values, aliases followed; expected a "
                    + "smaller one"
            ]
        )
        // As a key, a library that compares keys would follow them.
        let keyed = complaints(about: text + "? [*a60, *a60]\n: 1\n")
        #expect(keyed.last?.contains("a list is not a key") == true)
    }

    @Test(arguments: ["[", "{a: ", "- ", "? "])
    func `nesting without end is refused`(opening: String) {
        let text = String(repeating: opening, count: 200_000)
        let found = complaints(about: text)
        #expect(found.count == 1)
        #expect(found.first?.contains("nested deeper than 64 levels") == true, "\(found)")
    }

    @Test func `nesting just beyond the limit is refused`() {
        let text = "a: " + String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(complaints(about: text) == ["1:67: nested deeper than 64 levels"])
    }

    @Test func `many keys that stand twice are refused`() {
        let text = (0..<60).map { "k\($0): 1\nk\($0): 2\n" }.joined()
        #expect(
            complaints(about: text) == [
                "1:1: more than 50 keys are repeated; expected each key of a mapping once"
            ]
        )
    }

    @Test func `a large document of mistakes is read in time`() {
        let names = (0..<3000).map { "    - {name: s\($0), topic: x\($0)}\n" }.joined()
        let found = complaints(adding: "  subscriptions:\n" + names)
        #expect(found.count == 3000)
    }

    @Test func `a text over the limit is refused`() {
        let text = "# " + String(repeating: "x", count: 1 << 20)
        #expect(
            complaints(about: text) == [
                "1:1: the document is larger than 1 MiB; expected a pipeline"
            ]
        )
    }

    @Test func `a byte order mark and CRLF change no place`() {
        let text = "\u{FEFF}" + minimalPipeline.replacing("\n", with: "\r\n") + "  lod: 1\r\n"
        #expect(
            complaints(about: text) == ["7:3: unknown key 'lod' in the spec; did you mean 'load'?"]
        )
    }
}
