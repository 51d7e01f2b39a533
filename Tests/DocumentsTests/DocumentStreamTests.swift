import Documents
import Testing

/// Files that hold several documents.
@Suite struct DocumentStreamTests {
    /// What the documents of `text` say, each as `key=value`, and what is wrong with it.
    private func load(_ text: String) -> (documents: [String], mistakes: [String]) {
        let log = MistakeLog(file: "f")
        let documents = DocumentLoader.loadAll(text, log: log).map { node in
            guard case .mapping(let entries) = node.content else { return node.summary }
            return entries.map { "\($0.key)=\($0.value.summary)" }.joined(separator: " ")
        }
        return (documents, log.mistakes.map { String($0.description.dropFirst(2)) })
    }

    @Test(arguments: [
        ("a: 1", ["a=1"]),
        ("a: 1\n---\nb: 2\n", ["a=1", "b=2"]),
        ("---\na: 1\n---\nb: 2\n...\n", ["a=1", "b=2"]),
        ("- a: 1\n- b: 2\n", ["a=1", "b=2"]),
        ("- a: 1\n- b: 2\n---\nc: 3\n", ["a=1", "b=2", "c=3"]),
        ("# before\n---\n# nothing here\n---\na: 1\n---\n", ["a=1"]),
    ])
    func `one document, a stream and a list are read in their order`(
        text: String,
        documents: [String]
    ) {
        let loaded = load(text)
        #expect(loaded.documents == documents)
        #expect(loaded.mistakes == [])
    }

    @Test(arguments: ["", "# nothing\n", "---\n---\n", "~"])
    func `a file in which nothing stands is a mistake`(text: String) {
        let loaded = load(text)
        #expect(loaded.documents == [])
        #expect(loaded.mistakes.count == 1)
        #expect(loaded.mistakes.first?.hasSuffix(emptiness) == true)
    }

    private let emptiness =
        "the document is empty; expected apiVersion, kind, metadata and spec"

    @Test func `a list of nothing is a mistake`() {
        #expect(load("[]").mistakes == ["1:1: the list is empty; expected documents in it"])
    }

    @Test func `what comes before a mistake of YAML is read all the same`() {
        let loaded = load("a: 1\n---\nb: [2\n---\nc: 3\n")
        #expect(loaded.documents == ["a=1"])
        #expect(loaded.mistakes.count == 1)
        #expect(loaded.mistakes.first?.contains("not YAML") == true)
    }

    @Test func `a key that appears twice is found in every document`() {
        let log = MistakeLog(file: "f")
        let documents = DocumentLoader.loadAll("a: 1\na: 2\n---\nb: 1\nb: 2\n", log: log)
        let keys = documents.map { node -> [String] in
            guard case .mapping(let entries) = node.content else { return [] }
            return entries.map(\.key)
        }
        #expect(keys == [["a", "a"], ["b", "b"]])
        #expect(log.isClean)
    }

    @Test func `an anchor holds within its document`() {
        let loaded = load("a: &x 1\n---\nb: *x\n")
        #expect(loaded.documents == ["a=1", "b=unreadable"])
        #expect(
            loaded.mistakes == [
                "3:4: there is no anchor '&x' before this alias; expected one above it, or quotes "
                    + "around a text that begins with *"
            ]
        )
    }

    @Test func `the documents of a file share one limit`() {
        let list = "[" + Array(repeating: "1", count: 60_000).joined(separator: ",") + "]"
        let loaded = load("a: \(list)\n---\nb: \(list)\n")
        #expect(loaded.documents == [])
        #expect(
            loaded.mistakes == [
                "1:1: the document holds more than 100000 values, aliases followed; expected a "
                    + "smaller one"
            ]
        )
    }

    @Test func `one document is asked for where there is room for one`() {
        let log = MistakeLog(file: "f")
        let node = DocumentLoader.load("a: 1\n---\nb: 2\n", log: log)
        #expect(node.map(\.summary) == nil)
        #expect(
            log.mistakes.map(\.message) == [
                "a second document begins here; expected one document in a file"
            ]
        )
    }
}
