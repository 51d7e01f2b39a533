import Testing

@Suite struct LayoutTests {
    @Test func `a stranger at the top level is found`() {
        #expect(LayoutRule.check(["Sources", ".github", "notes.txt", "README.md"]).count == 1)
    }

    @Test func `what git ignores is told from what it keeps`() {
        #expect(IgnorePattern(".build/").matches(".build"))
        #expect(IgnorePattern(".build-*/").matches(".build-release"))
        #expect(IgnorePattern("*.o").matches("a.o"))
        #expect(!IgnorePattern("*.o").matches("a.swift"))
        #expect(!IgnorePattern(".build-*/").matches(".build"))
        #expect(!Repository.topLevel.contains(".build"))
    }

    @Test func `the top level holds only what belongs there`() {
        #expect(Repository.topLevel.contains("Sources"))
        expectNone(LayoutRule.check(Repository.topLevel))
    }
}
