internal import ArgumentParser
internal import Foundation
internal import Storage

/// `weir new`: a file to begin with.
struct TemplateCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Write a commented starter file: pipeline, slo, invariant or scenario.",
        discussion: "The file is valid as written; an existing file is not overwritten."
    )

    @Argument(help: "What to write: pipeline, slo, invariant or scenario.")
    var kind: DocumentTemplate

    @Argument(help: "Its name: lower-case letters, digits and -.")
    var name: String

    @Option(
        help: """
            Where it is written (default: pipelines/<name>.yaml, slo/<name>.yaml, \
            slo/invariants/<name>.sql or pipelines/scenarios/<name>.yaml).
            """
    )
    var to: String?

    mutating func validate() throws {
        let isName =
            name.utf8.first.map { (97...122).contains($0) } == true && name.utf8.count <= 63
            && name.utf8.allSatisfy {
                (97...122).contains($0) || (48...57).contains($0) || $0 == 45
            }
        guard isName else {
            throw ValidationError(
                "\"\(name)\" is not a name; expected lower-case letters, digits and -, a letter "
                    + "first."
            )
        }
    }

    func perform() async throws {
        let path = to ?? kind.path(of: name)
        guard !FileManager.default.fileExists(atPath: path) else {
            throw ValidationError("\(path) is there already; name another one with --to.")
        }
        do {
            let file = URL(filePath: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(kind.text(named: name).utf8).write(to: file, options: .withoutOverwriting)
        } catch {
            throw StoreError(
                .unavailable,
                "\(path) cannot be written: \(error.localizedDescription)"
            )
        }
        try Terminal.result("\(path)\ntry it: \(kind.trial(of: path))")
    }
}
