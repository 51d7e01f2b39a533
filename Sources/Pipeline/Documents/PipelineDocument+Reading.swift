package import Documents

extension PipelineDocument {
    /// The pipeline that the file at `path` describes.
    ///
    /// - Throws: ``DocumentError`` with every mistake of the file.
    package static func read(path: String) throws(DocumentError) -> PipelineDocument {
        try parse(text: DocumentFile.text(at: path, kind: "a pipeline"), file: path)
    }

    /// The pipeline that `text` describes; `file` is what messages call it.
    ///
    /// - Throws: ``DocumentError`` with every mistake of the text.
    package static func parse(
        text: String,
        file: String
    ) throws(DocumentError) -> PipelineDocument {
        let log = MistakeLog(file: file)
        guard text.utf8.count <= DocumentFile.maximumBytes else {
            log.add("the document is larger than 1 MiB; expected a pipeline", at: .start)
            throw DocumentError(log.mistakes)
        }
        guard let root = DocumentLoader.load(text, log: log) else {
            throw DocumentError(log.mistakes)
        }
        var reader = PipelineReader(log: log)
        var document = reader.read(NodeReader(root, label: "the document", log: log))
        guard log.isClean else { throw DocumentError(log.mistakes) }
        document.warnings = log.warnings
        return document
    }
}
