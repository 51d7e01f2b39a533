import Documents
import Foundation
import Pipeline
import Testing

/// A pipeline in six lines, to which tests add what they are about from line 7 on.
let minimalPipeline = """
    apiVersion: weir/v1
    kind: Pipeline
    metadata: {name: p}
    spec:
      topics: [{name: t}]
      stages: [{name: s, kind: producer, publishes: t}]

    """

/// What is wrong with `text`, line by line, with the file's name left out.
func complaints(about text: String) -> [String] {
    do {
        _ = try PipelineDocument.parse(text: text, file: "f")
        return []
    } catch {
        return error.mistakes.map { String($0.description.dropFirst(2)) }
    }
}

/// What is wrong with the minimal pipeline and `lines` below its `spec`.
func complaints(adding lines: String) -> [String] {
    complaints(about: minimalPipeline + lines)
}

/// A file of the folder of pipelines that the product ships.
func shippedFile(_ name: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "pipelines/\(name)")
}
