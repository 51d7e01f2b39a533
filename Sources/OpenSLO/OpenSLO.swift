package import Documents
package import SLO

/// OpenSLO v1, judged as its reference SDK judges it.
///
/// Each kind of document has a file of its own, named after its spec: with its keys, how they are
/// read, and what the engine makes of them.
package enum OpenSLO {
    /// A file and a place in it.
    package struct Site: Hashable, Sendable, CustomStringConvertible {
        package var file: String
        package var line: Int
        package var column: Int

        /// `file:line:column`.
        package var description: String { "\(file):\(line):\(column)" }

        /// `message` about this place.
        package func mistake(_ message: String) -> Mistake {
            Mistake(file: file, line: line, column: column, message: message)
        }
    }

    /// A value and where it stands.
    package struct Located<Value: Sendable>: Sendable {
        package var value: Value
        package var site: Site

        init(_ value: Value, at site: Site) {
            self.value = value
            self.site = site
        }
    }

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
                let text = try DocumentFile.text(at: file, kind: "an OpenSLO")
                files.append(SourceText(file: file, text: text))
            }
        }
        return files
    }

    /// Reads `files` as one set of documents, which may refer to each other.
    package static func read(_ files: [SourceText]) -> Reading {
        let documents = DocumentSet()
        for file in files {
            let log = MistakeLog(file: file.file)
            for root in DocumentLoader.loadAll(file.text, log: log) {
                documents.read(NodeReader(root, label: "the document", log: log))
            }
            documents.note(log)
        }
        let set = documents.resolved()
        return Reading(
            set: set,
            mistakes: documents.mistakes.sorted(),
            warnings: documents.warnings.sorted()
        )
    }
}

typealias Site = OpenSLO.Site
typealias Located = OpenSLO.Located

/// The objectives that some files describe, with the places that ``ObjectiveLint`` speaks of.
package struct ObjectiveSet: Sendable {
    /// In the order of the files and of the documents in them.
    package var entries: [Entry] = []
    /// What says where Prometheus is, and the like, by name in that order.
    package var dataSources: [DataSource] = []

    /// The objectives alone.
    package var objectives: [Objective] { entries.map(\.objective) }

    /// An objective and where its documents say what.
    package struct Entry: Sendable {
        package var objective: Objective
        /// Where its name stands.
        package var site: OpenSLO.Site
        package var targetSite: OpenSLO.Site
        package var windowSite: OpenSLO.Site
        /// The policies' rules one after the other.
        package var alerts: [Alert] = []
        /// Everything that is measured.
        package var sources: [OpenSLO.Located<MetricSource>] = []
        /// What the annotation `weir.dev/expected-events-per-hour` says.
        package var expectedEventsPerHour: ExactDecimal?
        /// What the annotation `weir.dev/revision-note` says.
        package var revisionNote: String?
    }

    /// A rule and where it is written.
    package struct Alert: Sendable {
        package var rule: AlertRule
        package var policy: String
        /// Where the threshold stands, or the reference to what it follows from.
        package var site: OpenSLO.Site
        package var windowSite: OpenSLO.Site
    }

    /// A DataSource with what it takes to reach it.
    package struct DataSource: Hashable, Sendable {
        package var name: String
        package var kind: MetricSource.Kind
        /// Where its type stands.
        package var site: OpenSLO.Site
        /// What its `connectionDetails` say of where it is.
        package var url: String?
        /// The environment variable that has the token to show there.
        package var bearerTokenEnv: String?
    }
}
