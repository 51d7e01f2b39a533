internal import Reports

/// What a console answers.
package struct ConsoleAnswer: Hashable, Sendable {
    package var status: Int
    package var contentType = "text/plain; charset=utf-8"
    /// Further header fields.
    package var fields: [String: String] = [:]
    package var body: String

    /// A sentence in plain text.
    init(_ status: Int, _ sentence: String, fields: [String: String] = [:]) {
        self.status = status
        self.fields = fields
        body = ReportText.printableLines(sentence) + "\n"
    }

    init(_ text: String, contentType: String) {
        status = 200
        self.contentType = contentType
        body = text
    }
}
