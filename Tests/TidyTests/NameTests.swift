import Testing

@Suite struct NameTests {
    private func messages(_ path: String, _ text: String) -> [String] {
        NameRules.check(SwiftFile(path: path, text)).map(\.message)
    }

    @Test(arguments: [
        "Sources/A/Money Box.swift", "Sources/Utils/A.swift", "Sources/A/StoreManager.swift",
        "Tests/TestHelpers/A.swift", "infra/common", "Sources/A/Money+Utilities.swift",
        "Sources/BrokerCore/A.swift",
    ])
    func `an empty name in a path is found`(path: String) {
        #expect(NameRules.check(path).count == 1)
    }

    @Test(arguments: ["Sources/Score/NewsFeed.swift", "infra/demo", "Sources/A/Folder.swift"])
    func `a name that only holds one is left alone`(path: String) {
        #expect(NameRules.check(path) == [])
    }

    @Test func `a file is named after a type of its own`() {
        #expect(messages("Sources/Money.swift", "package struct Money {}") == [])
        #expect(messages("Sources/Money.swift", "struct Purse {}\n  enum Money {}") == [])
        #expect(messages("Sources/Money+JSON.swift", "extension Bank.Money {}") == [])
        #expect(
            messages("Sources/Money.swift", "extension Money {}").first?
                .contains("Money+Aspect.swift") == true
        )
        #expect(
            messages("Sources/Money.swift", "package final class Purse {}").first?
                .contains("Purse.swift") == true
        )
        #expect(messages("Sources/Bank+Money.swift", "extension Bank.Money {}") == [])
        #expect(
            messages("Sources/Purse.swift", "extension Bank {\n    struct Money {}\n}").first?
                .contains("Bank+Money.swift") == true
        )
        #expect(messages("Sources/Change.swift", "package func change(of money: Money)") == [])
        #expect(messages("Sources/Array+Money.swift", "extension [Money] {}") == [])
        #expect(messages("Sources/Money.swift", "// struct Money {}").count == 1)
    }

    @Test func `a type with an empty name is found`() {
        #expect(messages("Sources/StoreManager.swift", "actor StoreManager {}").count == 1)
    }

    @Test func `names say what things are`() {
        #expect(Repository.files.count > 20)
        expectNone(Repository.files.flatMap { NameRules.check($0.path) })
        expectNone(Repository.sources.flatMap { NameRules.check($0) })
    }
}
