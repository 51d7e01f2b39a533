import Testing

@Suite struct BanTests {
    private func findings(_ path: String, _ text: String) -> [Finding] {
        let file = SwiftFile(path: path, text)
        return BanRule.all.flatMap { $0.check(file) } + SeedRule.check(file)
    }

    @Test(arguments: [
        "let now = Date()", "let now = Date.now", "let clock = ContinuousClock()",
        "try await Task.sleep(for: .seconds(1))", "Task { await run() }", "let task = Task {",
        "Task.detached { }", "DispatchQueue.main.async { }", "try! run()",
        "var chance = SystemRandomNumberGenerator()", "print(1)", "fatalError()",
        "nonisolated(unsafe) var count = 0", "final class Box: @unchecked Sendable {",
        "let die = Int.random(in: 1...6)", "let deck = cards.shuffled()",
        "let card = cards.randomElement()", #"let text = "\(Date())""#, "let id = UUID()",
        "@testable import Broker", "let log = store as? any DeploymentLog",
    ])
    func `a banned word is found, on its line`(code: String) {
        let findings = findings("Sources/Broker/A.swift", "struct A {}\n\(code)\n")
        #expect(findings.map(\.line) == [2])
    }

    @Test(arguments: [
        "let day = CivilDate()", "// Date() is banned", #"let text = "print(1)""#, "blueprint(1)",
        "let die = Int.random(\n    in: 1...6,\n    using: &chance)", "log.print(1)",
        "let card = cards.randomElement(using: &chance)", "try Task.checkCancellation()",
        "try await timeline.sleep(until: due)", "struct MyTask { }", "await group.addTask { }",
    ])
    func `what only looks alike is left alone`(code: String) {
        #expect(findings("Sources/Broker/A.swift", code) == [])
    }

    @Test func `an exempt place may say it and its neighbours may not`() {
        #expect(findings("Sources/weir/A.swift", "print(1)") == [])
        #expect(findings("Sources/weirder/A.swift", "print(1)").count == 1)
        #expect(findings("Sources/Timekeeping/RealTimeline.swift", "try await Task.sleep()") == [])
        #expect(findings("Sources/Timekeeping/Signal.swift", "try await Task.sleep()").count == 1)
    }

    @Test func `an unchecked Sendable stands with its reason`() {
        let code = "final class Box: @unchecked Sendable {}"
        #expect(findings("Sources/A.swift", "// One owner: the queue.\n\(code)") == [])
        #expect(findings("Sources/A.swift", "// Far away.\n\n\n\n\(code)").map(\.line) == [5])
    }

    @Test func `the sources say nothing that is banned`() {
        #expect(!Repository.sources.isEmpty)
        expectNone(Repository.sources.flatMap { file in BanRule.all.flatMap { $0.check(file) } })
        expectNone(Repository.swiftFiles.flatMap(SeedRule.check))
    }
}
