import Testing

@Suite struct LiteralBlankerTests {
    private func blanked(_ text: String) -> String {
        SwiftFile(path: "A.swift", text).code.joined(separator: "\n")
    }

    @Test func `comments go and columns stay`() {
        #expect(blanked("a // b\nc /* d */ e") == "a     \nc         e")
        #expect(blanked("c /* d /* e */ f */ g") == "c                   g")
    }

    @Test func `the contents of literals go and code in interpolations stays`() {
        #expect(blanked(#"x("try! \(f("}")) { \" //", y)"#) == #"x("     \(f(" "))        ", y)"#)
        #expect(blanked(##"x(#"a "b" \(c) \#(d)"#)"##) == ##"x(#"           \#(d)"#)"##)
        let lines = "x = \"\"\"\n  a \"b\" {\n  \"\"\"; y"
        #expect(blanked(lines) == "x = \"\"\"\n         \n  \"\"\"; y")
        #expect(blanked("x = #/\"{/#; y") == "x =       ; y")
    }
}
