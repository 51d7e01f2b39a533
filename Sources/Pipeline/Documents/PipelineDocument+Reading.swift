package import Documents

extension PipelineDocument {
    /// The pipeline that the file at `path` describes, in which `settings` are made.
    ///
    /// - Throws: ``DocumentError`` with every mistake of the file.
    package static func read(
        path: String,
        with settings: [DocumentSetting] = []
    ) throws(DocumentError) -> PipelineDocument {
        try parse(
            text: DocumentFile.text(at: path, kind: "a pipeline"),
            file: path,
            with: settings
        )
    }

    /// The pipeline that `text` describes, in which `settings` are made; `file` is what messages
    /// call it.
    ///
    /// A setting whose path is one word, such as `workers=4`, is made for every stage that reads a
    /// subscription; `workers` for those of which there can be several.
    ///
    /// - Throws: ``DocumentError`` with every mistake of the text; where there is none, with those
    ///   that the settings made.
    package static func parse(
        text: String,
        file: String,
        with settings: [DocumentSetting] = []
    ) throws(DocumentError) -> PipelineDocument {
        let log = MistakeLog(file: file)
        guard text.utf8.count <= DocumentFile.maximumBytes else {
            log.add("the document is larger than 1 MiB; expected a pipeline", at: .start)
            throw DocumentError(log.mistakes)
        }
        guard let root = DocumentLoader.load(text, log: log) else {
            throw DocumentError(log.mistakes)
        }
        let document = try read(root, log)
        guard !settings.isEmpty else { return document }
        let changed = MistakeLog(
            file: "\(file) with \(settings.map(\.description).joined(separator: " "))"
        )
        var node = root
        for setting in settings.flatMap({ $0.expanded(in: document) }) {
            do {
                node = try node.with(setting)
            } catch {
                throw DocumentError(.wrong, "\(file) with \(error)")
            }
        }
        return try read(node, changed)
    }

    private static func read(
        _ root: DocumentNode,
        _ log: MistakeLog
    ) throws(DocumentError) -> PipelineDocument {
        var reader = PipelineReader(log: log)
        var document = reader.read(NodeReader(root, label: "the document", log: log))
        guard log.isClean else { throw DocumentError(log.mistakes) }
        document.warnings = log.warnings
        return document
    }
}

extension DocumentSetting {
    /// The settings that it stands for in `document`.
    fileprivate func expanded(in document: PipelineDocument) -> [DocumentSetting] {
        guard path.count == 1, !PipelineKeys.document.keys.contains(path[0]) else { return [self] }
        let stages = document.stages.filter { stage in
            switch stage.kind {
            case .producer: false
            case .analytics: path != ["workers"]
            case .ingest, .relay: true
            }
        }
        return stages.map { stage in
            DocumentSetting(path: ["spec", "stages", stage.name] + path, value: value)
        }
    }
}
