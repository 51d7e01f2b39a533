import Testing

@Suite struct SizeTests {
    private let rules = SizeRules(fileLimit: 9, functionLimit: 4, columnLimit: 30)

    private func lines(_ text: String) -> [Int] {
        rules.check(SwiftFile(path: "Sources/A.swift", text)).map(\.line)
    }

    @Test func `a long file is found`() {
        #expect(lines(String(repeating: "let a = 1\n", count: 9)) == [])
        #expect(lines(String(repeating: "let a = 1\n", count: 10)) == [10])
    }

    @Test func `a long line is found unless it holds an address`() {
        #expect(lines("let a = 1\n// " + String(repeating: "x", count: 27)) == [])
        #expect(lines("let a = 1\n// " + String(repeating: "x", count: 28)) == [2])
        #expect(lines("// https://" + String(repeating: "x", count: 30)) == [])
    }

    @Test(arguments: [
        ("func a() {\n    b()\n    c()\n}", []),
        ("\nfunc a() {\n    b()\n    c()\n    d()\n}", [2]),
        ("private static func a(\n    b: Int = { 1 }()\n) -> Int {\n    c()\n}", [1]),
        ("init?(a: Int) {\n    if b {\n        c()\n    }\n}", [1]),
        // Braces in text and comments are none.
        ("func a() {\n    b(\"}\")  // }\n    c()\n    d()\n}", [1]),
        // Requirements have no body, and do not take the next one's.
        ("protocol A {\n    func a()\n    var b: Int {\n        get\n    }\n}", []),
        ("func a() {}\nstruct B {\n    let a = 1\n    let b = 2\n    let c = 3\n}", []),
    ])
    func `a long function is found`(text: String, lines: [Int]) {
        #expect(self.lines(text) == lines)
    }

    @Test(arguments: [
        (["Sources/A.swift", "Sources/A+B.swift"], ["Sources/A+B.swift"]),
        (["Sources/C/A.swift", "Sources/A+B.swift"], []),
        (["Sources/A+B.swift"], []),
    ])
    func `a sliver of a type whose file has room is found`(paths: [String], found: [String]) {
        let files = paths.map { SwiftFile(path: $0, "extension A {}\n") }
        #expect(rules.checkAspects(of: files).map(\.file) == found)
    }

    @Test func `files, functions and lines are small, and no file is a sliver`() {
        #expect(!Repository.swiftFiles.isEmpty)
        expectNone(Repository.swiftFiles.flatMap(SizeRules().check))
        expectNone(SizeRules().checkAspects(of: Repository.swiftFiles))
    }
}
