import Testing

@Suite struct LinkTests {
    @Test func `a link that leads nowhere is found`() {
        let rule = LinkRule(paths: ["Sources/README.md", "LICENSE", "Sources/Broker/A.swift"])
        let text = """
            [a](../LICENSE) [b](Broker/A.swift) [c](Broker) [d](https://example.org) [e](#below)
            [f](LICENSE)
            """
        let findings = rule.check(TextFile(path: "Sources/README.md", text: text))
        #expect(findings.map(\.line) == [2])
    }

    @Test func `links within the repository lead somewhere`() throws {
        let rule = LinkRule(paths: Set(Repository.files.map(\.path)))
        let pages = Repository.files.filter { $0.path.hasSuffix(".md") }
        #expect(!pages.isEmpty)
        expectNone(pages.flatMap(rule.check))
    }
}
