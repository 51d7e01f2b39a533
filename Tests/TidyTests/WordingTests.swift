import Testing

@Suite struct WordingTests {
    private func lines(_ text: String) -> [Int] {
        WordingRule().check(TextFile(path: "A.md", text: text)).map(\.line)
    }

    // Put together from parts, so that this file does not say them itself.
    @Test(arguments: [
        "see /ho" + "me/me/weir", "cd /wo" + "rk/main", "/tm" + "p/w-one", "fixes iss" + "ue 12",
        "Iss" + "ue #3", "DES" + "IGN.md", "TO" + "DO: later", "by a co-" + "founder",
        "in this coding sess" + "ion",
    ])
    func `talk of anything but the product is found`(text: String) {
        #expect(lines("one\n\(text)\n") == [2])
    }

    @Test func `a script that names a host is found and a text that does is not`() {
        let address = "https:/" + "/example.org/file"
        #expect(lines("#!/bin/sh\ncurl \(address)") == [2])
        #expect(lines("#!/bin/sh\ncurl http:/" + "/127.0.0.1:80/") == [])
        #expect(lines("see \(address)") == [])
    }

    @Test(arguments: [
        "a session of a shopper", ".weir/data", "issue a refund", "/tmp", "homework/a",
    ])
    func `what only looks alike is left alone`(text: String) {
        #expect(lines(text) == [])
    }

    @Test func `the repository speaks of the product alone`() {
        #expect(Repository.files.count > 20)
        expectNone(Repository.files.flatMap(WordingRule().check))
    }
}
