/// The few colours of a report on a terminal.
///
/// Whether there is a terminal is the caller's to know; a library that looks for one itself would
/// overrule it when the report is shown through a pager.
struct TerminalColours {
    let enabled: Bool

    /// `text` in the colour of `mark`.
    func paint(_ text: String, _ mark: ReportDocument.Mark) -> String {
        switch mark {
        case .none: text
        case .good: wrapped(text, "32")
        case .warning: wrapped(text, "33")
        case .bad: wrapped(text, "1;31")
        case .absent: wrapped(text, "2")
        }
    }

    func bold(_ text: String) -> String { wrapped(text, "1") }

    private func wrapped(_ text: String, _ code: String) -> String {
        enabled ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
