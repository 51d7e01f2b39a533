import Testing

@Suite struct OrderTests {
    private func lines(_ text: String) -> [Int] {
        let file = SwiftFile(path: "Sources/A/A.swift", text)
        return OrderRule([file]).check(file).map(\.line)
    }

    @Test(arguments: [
        "for row in rows.values {", "let names = rows.keys.map { $0 }",
        "for (day, rows) in Dictionary(grouping: rows, by: \\.day) {",
        "return Array(rows.keys)", "let all = rows?.values\n    .map { $0 }",
    ])
    func `the keys and values of a dictionary are found`(code: String) {
        #expect(lines("\n" + code) == [2])
    }

    @Test(arguments: [
        "var rows: [String: Int] = [:]\nfor (name, row) in rows {",
        "private let rows: Set<Int>\nfor row in self.rows where row > 1 {",
        "var rows = Set<Int>()\nrows.forEach { print($0) }",
        "let rows = [Int: Int]()\nlet all = rows.map { $0.key }",
        "var rows: [Day: [String]]\nlet all = rows.compactMap { $0 }",
    ])
    func `the iteration of a name declared as one is found`(code: String) {
        #expect(lines(code) == [2])
    }

    @Test(arguments: [
        "for row in rows.values.sorted() {", "let most = rows.values.max()",
        "let all = rows.map { $0 }\n    .filter { $0 }\n    .sorted { $0 < $1 }",
        "var rows: [String: Int]\nlet all = rows.map { $0 }\n    .sorted { $0 < $1 }",
        "var rows: [String: Int]\nif rows.isEmpty {", "var rows: [Int]\nfor row in rows {",
        "var rows: [(name: String, row: Int)] = []\nfor (name, row) in rows {",
        "let all = rows.flatMap { name, row in\n    row.keys.map { name + $0 }\n}\nall.sort()",
        "// order-free: sums only\nfor row in rows.values {", "rows.values[3]",
        "for row in rows.values {  // order-free: sums only",
        "var rows: [String: Int]\nlet row = rows[name]",
    ])
    func `what is sorted, or does not depend on order, is left alone`(code: String) {
        #expect(lines(code) == [])
    }

    @Test func `keys that a type of our own has are told from those of a dictionary`() {
        let own = SwiftFile(path: "Sources/A/Ring.swift", "struct Ring { let keys: [Int] }")
        let other = SwiftFile(path: "Sources/A/B.swift", "var rows: [Int: Int]")
        let file = SwiftFile(
            path: "Sources/A/C.swift",
            "let a = ring.keys.map { $0 }\nlet b = rows.keys.map { $0 }"
        )
        #expect(OrderRule([own, other, file]).check(file).map(\.line) == [2])
        #expect(OrderRule([file]).check(file).map(\.line) == [1, 2])
    }

    @Test func `no order that differs from run to run reaches output`() {
        #expect(!Repository.sources.isEmpty)
        expectNone(Repository.sources.flatMap(OrderRule(Repository.sources).check))
    }
}
