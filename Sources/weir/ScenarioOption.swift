internal import ArgumentParser
internal import Documents
internal import Experiments
internal import Foundation
internal import Pipeline

/// `--scenario`: what goes wrong in a run, by a file or by the name of one beside the pipeline.
struct ScenarioOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            A scenario: a file of faults to inject into the run, or the name of one in the folder \
            scenarios beside the pipeline, such as slow-database.
            """,
            valueName: "file|name"
        ),
        completion: .file(extensions: ["yaml", "yml"])
    )
    var scenario: String?

    /// The scenario for `document`, whose file is `pipeline`, in a run of `length`; nil where none
    /// was asked for.
    func read(
        for document: PipelineDocument,
        at pipeline: String,
        lasting length: Duration?
    ) throws -> ScenarioDocument? {
        try scenario.map { scenario in
            try ScenarioDocument.read(
                path: ScenarioOption.path(of: scenario, beside: pipeline),
                for: document,
                lasting: length
            )
        }
    }

    /// The file that `scenario` names; a file of that name comes first.
    private static func path(of scenario: String, beside pipeline: String) throws -> String {
        let files = FileManager.default
        guard !scenario.contains("/"), !scenario.hasSuffix(".yaml"), !scenario.isEmpty,
            !files.fileExists(atPath: scenario)
        else { return scenario }
        let folder = URL(filePath: pipeline).deletingLastPathComponent()
            .appending(path: "scenarios").relativePath
        let path = "\(folder)/\(scenario).yaml"
        if files.fileExists(atPath: path) { return path }
        let known = ((try? files.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
        let names = known.isEmpty ? "" : " or a name; " + suggestion(for: scenario, from: known)
        throw DocumentError(
            .notFound,
            "\(scenario): there is no such file; expected a scenario file\(names)"
        )
    }
}
