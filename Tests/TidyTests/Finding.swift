import Testing

/// A place in the repository where a house rule does not hold.
struct Finding: Hashable, CustomStringConvertible {
    var file: String
    var line: Int
    /// What is wrong, and how to mend it.
    var message: String

    init(_ file: String, line: Int = 1, _ message: String) {
        self.file = file
        self.line = line
        self.message = message
    }

    var description: String { "\(file):\(line): \(message)" }
}

/// Records each finding as a failure of the running test.
func expectNone(_ findings: [Finding], sourceLocation: SourceLocation = #_sourceLocation) {
    for finding in findings {
        Issue.record(Comment(rawValue: finding.description), sourceLocation: sourceLocation)
    }
}
