/// One thing that is wrong in a document, and where.
package struct Mistake: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The file as the user named it.
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1, in Unicode scalars.
    package var column: Int
    /// What is wrong; what was expected.
    package var message: String

    package init(file: String, line: Int, column: Int, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    /// `file:line:column: message`.
    package var description: String { "\(file):\(line):\(column): \(message)" }

    package static func < (left: Mistake, right: Mistake) -> Bool {
        (left.file, left.line, left.column, left.message)
            < (right.file, right.line, right.column, right.message)
    }
}

/// A document that cannot be used, with every mistake that was found in it.
package struct DocumentError: Error, Hashable, CustomStringConvertible {
    /// What a caller decides on.
    package enum Code: Sendable {
        /// There is no such file, or it is a directory.
        case notFound
        /// The file is there and cannot be read.
        case unreadable
        /// The file says something that makes no sense; ``DocumentError/mistakes`` says what.
        case wrong
    }

    package var code: Code
    /// In the order of their places; empty unless the code is ``Code/wrong``.
    package var mistakes: [Mistake]
    /// A sentence that names the file and the remedy, or one line for each mistake.
    package var description: String

    /// A file that cannot be read at all, for the reason that `sentence` gives.
    package init(_ code: Code, _ sentence: String) {
        self.code = code
        mistakes = []
        description = sentence
    }

    /// A document with these mistakes.
    package init(_ mistakes: [Mistake]) {
        code = .wrong
        self.mistakes = mistakes
        description = mistakes.map(\.description).joined(separator: "\n")
    }
}

/// Gathers what the readers of one document find wrong in it, so that all of it is reported at
/// once.
///
/// A reference type, since many small readers of one document write to the same log.
package final class MistakeLog {
    package let file: String
    private var found: Set<Mistake> = []
    private var doubts: Set<Mistake> = []

    /// An empty log for the document that the user calls `file`.
    package init(file: String) {
        self.file = file
    }

    /// In the order of their places; each once, even where an alias shows it twice.
    package var mistakes: [Mistake] { found.sorted() }
    /// What is allowed but probably not meant, in the order of their places.
    package var warnings: [Mistake] { doubts.sorted() }
    package var isClean: Bool { found.isEmpty }

    /// Notes that something at `place` makes the document unusable.
    package func add(_ message: String, at place: DocumentPlace) {
        found.insert(
            Mistake(file: file, line: place.line, column: place.column, message: message)
        )
    }

    /// Notes something at `place` that is allowed but probably not meant.
    package func warn(_ message: String, at place: DocumentPlace) {
        doubts.insert(
            Mistake(file: file, line: place.line, column: place.column, message: message)
        )
    }
}
