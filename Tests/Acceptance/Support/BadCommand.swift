import Testing

/// A command that must be refused, and how.
struct BadCommand: CustomTestStringConvertible, Sendable {
    let title: String
    /// Files to write into the test's folder first.
    var files: [String: String] = [:]
    /// `@name` stands for the path of `name` in that folder.
    let arguments: [String]
    var environment: [String: String] = [:]
    let exitCode: Int32
    /// What standard error must say, each as it stands.
    let fragments: [String]

    var testDescription: String { title }

    /// A pipeline file that must be refused.
    static func document(_ title: String, _ text: String, _ fragments: String...) -> BadCommand {
        BadCommand(
            title: title,
            files: ["wrong.yaml": text],
            arguments: ["run", "@wrong.yaml", "--events", "10"],
            exitCode: 65,
            fragments: fragments
        )
    }

    /// Options of a sound pipeline that must be refused; `@raw` and `@warehouse` are not opened
    /// unless the options say so.
    static func options(
        _ title: String,
        _ options: [String],
        exitCode: Int32,
        _ fragments: String...
    ) -> BadCommand {
        BadCommand(
            title: title,
            files: ["shop.yaml": Pipelines.shop, "file": "a regular file"],
            arguments: ["run", "@shop.yaml"] + options,
            exitCode: exitCode,
            fragments: fragments
        )
    }

    /// Runs it and checks what came of it.
    func check() async throws {
        let folder = try TestFolder()
        for (name, text) in files {
            try folder.write(name, text)
        }
        let ending = try await Program.run(
            arguments.map { $0.replacing("@", with: "\(folder.path)/", maxReplacements: 1) },
            environment: environment
        )
        #expect(ending.exitCode == exitCode, "\(ending.errors)")
        for fragment in fragments {
            let expected = fragment.replacing("@", with: "\(folder.path)/")
            #expect(
                ending.errors.contains(expected),
                "standard error lacks: \(expected); it says: \(ending.errors)"
            )
        }
        #expect(ending.output.isEmpty, "a refused command has no result")
        // Far from a hang; a machine that is busy may take its time.
        #expect(ending.took < .seconds(300))
    }
}
