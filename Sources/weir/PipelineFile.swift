internal import ArgumentParser
internal import Documents
internal import Experiments
internal import Foundation
internal import OpenSLO
internal import Pipeline
internal import Reports
internal import SLO

/// The pipeline that a command is about, and what a run has otherwise than its file says.
struct PipelineFile: ParsableArguments {
    @Argument(help: "The pipeline file.", completion: .file(extensions: ["yaml", "yml"]))
    var pipeline: String

    @Option(
        help: """
            Override a value of the pipeline file, such as \
            spec.stages.ingest.batch=64, or workers=4 for every stage that subscribes (repeatable).
            """
    )
    var set: [DocumentSetting] = []

    /// The folder of the pipeline's file.
    var folder: String { URL(filePath: pipeline).deletingLastPathComponent().relativePath }

    /// The pipeline with what is set, with `configuration`, and with the service times of `times`.
    func read(
        _ configuration: [DocumentSetting] = [],
        _ times: ServiceTimeOptions? = nil
    ) throws -> PipelineDocument {
        let settings = set + configuration
        // By themselves first, so that their mistakes are reported without the rest.
        let own = try PipelineDocument.read(path: pipeline, with: settings)
        let measured = try times?.settings(for: own) ?? []
        return measured.isEmpty
            ? own : try PipelineDocument.read(path: pipeline, with: measured + settings)
    }

    /// The objectives that `document` names; their paths begin where the pipeline's file lies.
    func objectives(of document: PipelineDocument) throws -> ObjectiveSet {
        let folder = folder
        return try ObjectiveSet.reading(
            document.objectives.map { name in
                name.hasPrefix("/") || folder == "." ? name : "\(folder)/\(name)"
            }
        )
    }
}

/// `--service-times`: how long stores and stages take in virtual time, as it was measured.
struct ServiceTimeOptions: ParsableArguments {
    @Option(
        help: """
            Use the times a call and an event that follow from the JSON report of 'weir capacity', \
            or from those of real runs at several rates (repeatable).
            """,
        completion: .file(extensions: ["json"])
    )
    var serviceTimes: [String] = []

    /// What the reports say of the pipeline `document`; nothing where none is named.
    ///
    /// - Throws: A `DocumentError` if a file is not such a report; a `RunError` if the two times
    ///   do not follow from them.
    func settings(for document: PipelineDocument) throws -> [DocumentSetting] {
        guard !serviceTimes.isEmpty else { return [] }
        var measured = MeasuredWork()
        for path in serviceTimes { measured.add(try ServiceTimeOptions.work(in: path)) }
        return try measured.times(for: document).map(\.setting)
    }

    private static func work(in path: String) throws -> MeasuredWork {
        let text = try DocumentFile.text(at: path, kind: "a report")
        if let report = try? CapacityReport(json: text) { return report.work }
        guard let report = try? RunReport(json: text) else {
            throw DocumentError(
                .wrong,
                "\(path): not the JSON report of a run, which 'weir run … --report run.json' "
                    + "writes, nor that of 'weir capacity'"
            )
        }
        return MeasuredWork(report)
    }
}

extension DocumentSetting: ExpressibleByArgument {
    package init?(argument: String) {
        self.init(argument)
    }
}

extension ObjectiveSet {
    /// The objectives of the OpenSLO files and directories at `paths`, with warnings on standard
    /// error.
    ///
    /// - Throws: `DocumentError` with every mistake of every file.
    static func reading(_ paths: [String]) throws -> ObjectiveSet {
        let reading = OpenSLO.read(try OpenSLO.files(at: paths))
        for warning in reading.warnings { Terminal.message("warning: \(warning)") }
        return try reading.checked()
    }
}
