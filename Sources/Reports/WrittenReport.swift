/// A report that can be written in every form, all of which say the same.
package protocol WrittenReport: Encodable {
    /// What it says, for people.
    var document: ReportDocument { get }
}

extension WrittenReport {
    /// The report in `format`, ending with a newline.
    package func rendered(as format: ReportFormat) throws -> String {
        switch format {
        case .json: try json()
        case .markdown: document.markdown()
        case .html: document.html()
        case .text: document.text(colour: false)
        }
    }

    /// As JSON, for programs; ends with a newline.
    package func json() throws -> String {
        try JSONText.write(self)
    }
}
