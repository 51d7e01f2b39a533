package import Documents

extension OpenSLO {
    /// The text of one file.
    package struct SourceText: Sendable {
        /// The file as the user named it.
        package var file: String
        package var text: String

        package init(file: String, text: String) {
            self.file = file
            self.text = text
        }
    }

    /// What came of reading some files.
    package struct Reading: Sendable {
        /// Every objective that could be made.
        package var set: ObjectiveSet
        /// In the order of their places, each once.
        package var mistakes: [Mistake]
        /// What is allowed but hardly meant, likewise.
        package var warnings: [Mistake]

        /// The objectives, where nothing is wrong with any document.
        ///
        /// - Throws: ``DocumentError`` with every mistake of every file.
        package func checked() throws(DocumentError) -> ObjectiveSet {
            guard mistakes.isEmpty else { throw DocumentError(mistakes) }
            return set
        }
    }

    /// The texts of the files at `paths`; of a directory all of its YAML files.
    ///
    /// - Throws: ``DocumentError`` where one of them cannot be read.
    package static func files(at paths: [String]) throws(DocumentError) -> [SourceText] {
        var files: [SourceText] = []
        var seen: Set<String> = []
        for path in paths {
            for file in try DocumentFile.paths(at: path, kind: "an OpenSLO")
            where seen.insert(file).inserted {
                files.append(
                    SourceText(
                        file: file,
                        text: try DocumentFile.text(at: file, kind: "an OpenSLO")
                    )
                )
            }
        }
        return files
    }

    /// Reads `files` as one set of documents, which may refer to each other.
    package static func read(_ files: [SourceText]) -> Reading {
        var documents = DocumentSet()
        var mistakes: Set<Mistake> = []
        var warnings: Set<Mistake> = []
        for file in files {
            let log = MistakeLog(file: file.file)
            let reader = OpenSLOReader(log: log)
            for root in DocumentLoader.loadAll(file.text, log: log) {
                reader.read(NodeReader(root, label: "the document", log: log), into: &documents)
            }
            mistakes.formUnion(log.mistakes)
            warnings.formUnion(log.warnings)
        }
        var resolver = OpenSLOResolver(documents)
        let set = resolver.resolve()
        mistakes.formUnion(resolver.mistakes)
        warnings.formUnion(resolver.warnings)
        return Reading(set: set, mistakes: mistakes.sorted(), warnings: warnings.sorted())
    }
}
