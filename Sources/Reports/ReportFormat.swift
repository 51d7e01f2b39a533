/// A form in which a run's report can be written.
package enum ReportFormat: String, CaseIterable, Sendable {
    /// For programs.
    case json
    /// For issues and pages of a repository.
    case markdown
    /// One page with plots.
    case html
    /// As on a terminal, without colour.
    case text

    /// The ending of a file of this form, without its dot.
    package var fileEnding: String {
        switch self {
        case .json: "json"
        case .markdown: "md"
        case .html: "html"
        case .text: "txt"
        }
    }

    /// The form that the ending of `path` asks for: `.json`, `.md`, `.html` or `.txt`.
    package init?(path: String) {
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return nil }
        let ending = name[name.index(after: dot)...].lowercased()
        guard let format = ReportFormat.allCases.first(where: { $0.fileEnding == ending }) else {
            return nil
        }
        self = format
    }
}
