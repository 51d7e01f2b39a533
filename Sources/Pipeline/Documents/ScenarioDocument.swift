package import Documents

/// What goes wrong in a run, as a file describes it: `apiVersion: weir/v1`, `kind: Scenario`.
///
/// Every target is something of the pipeline that the kind of fault can happen to, and no fault
/// meets itself: ``parse(text:file:for:lasting:)`` sees to that.
package struct ScenarioDocument: Hashable, Sendable {
    /// When a fault is there.
    package enum Timing: Hashable, Sendable {
        /// Once, so long after the start of the run.
        case once(at: Duration, lasting: Duration)
        /// Again and again: from the end of one to the start of the next it takes an exponential
        /// time of this mean.
        case recurring(meanGap: Duration, lasting: Duration)

        /// How long it lasts each time.
        package var lasting: Duration {
            switch self {
            case .once(_, let lasting), .recurring(_, let lasting): lasting
            }
        }
    }

    /// One fault, with everything that may be told of one.
    package struct Fault: Hashable, Sendable {
        /// Unique in the scenario.
        package var name: String
        package var kind: FaultKind
        /// What the pipeline calls that which it happens to.
        package var target: String
        package var place: FaultKind.Place
        package var timing: Timing
        /// From 0 to 1.
        package var share = 1.0
        package var by = Duration.zero
        package var factor = 1.0
        package var limit = 0
        package var every: Duration?
    }

    package var name: String
    /// What it teaches.
    package var description: String?
    package var faults: [Fault] = []
}

extension ScenarioDocument {
    /// The scenario that the file at `path` describes.
    ///
    /// - Parameters:
    ///   - path: A YAML file.
    ///   - pipeline: What the faults happen to.
    ///   - length: How long the run is to be; nil where nobody knows.
    /// - Returns: A scenario of which every fault can happen.
    /// - Throws: ``DocumentError`` with every mistake of the file.
    package static func read(
        path: String,
        for pipeline: PipelineDocument,
        lasting length: Duration?
    ) throws(DocumentError) -> ScenarioDocument {
        let text = try DocumentFile.text(at: path, kind: "a scenario")
        return try parse(text: text, file: path, for: pipeline, lasting: length)
    }

    /// The scenario that `text` describes; `file` is what messages call it.
    ///
    /// - Throws: ``DocumentError`` with every mistake of the text.
    package static func parse(
        text: String,
        file: String,
        for pipeline: PipelineDocument,
        lasting length: Duration?
    ) throws(DocumentError) -> ScenarioDocument {
        let log = MistakeLog(file: file)
        guard let root = DocumentLoader.load(text, log: log) else {
            throw DocumentError(log.mistakes)
        }
        var reader = ScenarioReader(pipeline: pipeline, length: length, log: log)
        let document = reader.read(NodeReader(root, label: "the document", log: log))
        guard log.isClean else { throw DocumentError(log.mistakes) }
        return document
    }
}
