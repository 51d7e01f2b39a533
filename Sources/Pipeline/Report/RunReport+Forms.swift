package import Reports

extension RunReport {
    /// The report in `format`, ending with a newline.
    package func rendered(as format: ReportFormat) throws -> String {
        switch format {
        case .json: try json()
        case .markdown: document.markdown()
        case .html: document.html()
        case .text: document.text(colour: false)
        }
    }
}
