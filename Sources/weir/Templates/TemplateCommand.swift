internal import ArgumentParser
internal import Foundation
internal import Storage

/// `weir new`: files to begin with.
struct TemplateCommand: Verb {
    /// What can be written.
    enum Kind: ExpressibleByArgument {
        case document(DocumentTemplate)
        case service

        static let allValueStrings = DocumentTemplate.allCases.map(\.rawValue) + ["service"]

        init?(argument: String) {
            if argument == "service" {
                self = .service
            } else if let document = DocumentTemplate(rawValue: argument) {
                self = .document(document)
            } else {
                return nil
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Write something to begin with: pipeline, slo, invariant, scenario or service.",
        discussion: """
            A file is commented, and valid as written. A service is a folder with a program that \
            is a stage of a pipeline, its tests, that pipeline and its objectives; it runs as \
            written. Nothing is written over.
            """
    )

    @Argument(help: "What to write: pipeline, slo, invariant, scenario or service.")
    var kind: Kind

    @Argument(help: "Its name: lower-case letters, digits and -.")
    var name: String

    @Option(help: "What a service is written in: python or swift (default: python).")
    var language: ServiceTemplate.Language?

    @Option(
        help: """
            Where it is written (default: pipelines/<name>.yaml, slo/<name>.yaml, \
            slo/invariants/<name>.sql, pipelines/scenarios/<name>.yaml, or for a service the \
            folder <name>).
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
        switch kind {
        case .document where language != nil:
            throw ValidationError("--language is for a service.")
        case .service where name.utf8.count > ServiceTemplate.longestName:
            throw ValidationError(
                "\"\(name)\" is too long for a service, after which events are named; expected at "
                    + "most \(ServiceTemplate.longestName) characters."
            )
        default: break
        }
    }

    func perform() async throws {
        switch kind {
        case .document(let document): try write(document)
        case .service: try write(ServiceTemplate(name: name, language: language ?? .python))
        }
    }

    private func write(_ template: DocumentTemplate) throws {
        let path = to ?? template.path(of: name)
        try refuse(path)
        try write(template.text(named: name), to: path)
        try Terminal.result("\(path)\ntry it: \(template.trial(of: path))")
    }

    private func write(_ template: ServiceTemplate) throws {
        let folder = to ?? name
        try refuse(folder)
        for (path, text) in template.files { try write(text, to: "\(folder)/\(path)") }
        let paths = template.files.map { "  \($0.path)" }.joined(separator: "\n")
        try Terminal.result(
            """
            \(folder): a service in \(template.language.rawValue.capitalized), \
            \(template.files.count) files
            \(paths)
            test it: cd \(folder.quotedForShell) && \(template.trial)
            run it:  \(ServiceTemplate.run(folder.quotedForShell))
            """
        )
    }

    private func refuse(_ path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        throw ValidationError("\(path) is there already; name another one with --to.")
    }

    private func write(_ text: String, to path: String) throws {
        do {
            let file = URL(filePath: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: file, options: .withoutOverwriting)
        } catch {
            throw StoreError(
                .unavailable,
                "\(path) cannot be written: \(error.localizedDescription)"
            )
        }
    }
}
