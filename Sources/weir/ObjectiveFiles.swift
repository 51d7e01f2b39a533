internal import Documents
internal import Foundation
internal import Pipeline
internal import SLO

/// The OpenSLO documents that apply to a pipeline.
struct ObjectiveFiles {
    private let paths: [String]

    /// Those at `paths`, files or directories.
    init(_ paths: [String]) {
        self.paths = paths
    }

    /// Those that `document` names; their paths begin where the pipeline's file lies.
    init(of document: PipelineDocument, at path: String) {
        let folder = URL(filePath: path).deletingLastPathComponent().relativePath
        paths = document.objectives.map { name in
            name.hasPrefix("/") || folder == "." ? name : "\(folder)/\(name)"
        }
    }

    /// The objectives, with what is doubtful about them told on standard error.
    ///
    /// - Throws: `DocumentError` with every mistake of every file.
    func read() throws -> ObjectiveSet {
        let reading = OpenSLO.read(try OpenSLO.files(at: paths))
        for warning in reading.warnings {
            Terminal.message("warning: \(warning)")
        }
        return try reading.checked()
    }
}
