/// A table in aligned columns for a terminal.
///
/// A package for this (TextTable) was tried: it pads in UTF-16 units but measures in characters,
/// so that a name with an accent shifts its row, and it cannot colour a cell without counting the
/// colour as width.
package struct TableText {
    /// The widest a cell may get, in columns.
    static let widestCell = 48
    private static let gap = "  "

    /// What becomes of columns that a terminal has no room for.
    package enum Overflow: Sendable {
        case left
        /// Each row has them below it, as `title: text`.
        case below
    }

    private let colours: TerminalColours
    private let table: ReportDocument.Table

    package init(_ table: ReportDocument.Table, colour: Bool) {
        self.table = table
        colours = TerminalColours(enabled: colour)
    }

    /// The lines, each starting with `indent`, without blanks at the end.
    ///
    /// With `columns`, as many of the table's columns as fit a terminal of that width, from the
    /// left; a broken line could be read no more. `overflow` says what becomes of the others.
    package func lines(
        indent: String = "",
        columns: Int = .max,
        overflow: Overflow = .left
    ) -> [String] {
        let heads = table.columns.map { TableText.clipped($0.title) }
        let rows = table.rows.map { row in
            row.map { ReportDocument.Cell(TableText.clipped($0.text), $0.mark) }
        }
        let allWidths = heads.indices.map { index in
            rows.reduce(ReportText.width(heads[index])) { widest, row in
                index < row.count ? max(widest, ReportText.width(row[index].text)) : widest
            }
        }
        var end = ReportText.width(indent) - TableText.gap.count
        let widths = allWidths.enumerated().prefix { place, width in
            end += TableText.gap.count + width
            return place == 0 || end <= columns
        }.map(\.element)
        let head = heads.map { ReportDocument.Cell($0) }
        var lines = [line(head, widths, indent)]
        lines.append(
            indent
                + widths.map { String(repeating: "─", count: $0) }.joined(separator: TableText.gap)
        )
        for (place, row) in rows.enumerated() {
            let isStacked = overflow == .below && widths.count < heads.count
            let first = row.first?.text ?? ""
            // A row that goes on with the one before has nothing in the columns that fit.
            let isContinued =
                isStacked && ReportText.width(first) <= 1
                && row.prefix(widths.count).dropFirst().allSatisfy { $0.text.isEmpty }
            if !isContinued { lines.append(line(row, widths, indent)) }
            if isStacked {
                let lead = isContinued && !first.isEmpty ? "\(first)   " : "    "
                lines += below(table.rows[place], from: widths.count, indent + lead, columns)
            }
        }
        if let more = table.moreText {
            lines.append(indent + more)
        }
        return lines
    }

    /// The lines as one text, ending with a newline.
    package var text: String { lines().joined(separator: "\n") + "\n" }

    private func line(_ cells: [ReportDocument.Cell], _ widths: [Int], _ indent: String) -> String {
        var text = indent
        var pending = ""
        for (index, cell) in cells.prefix(widths.count).enumerated() {
            let blanks = String(
                repeating: " ",
                count: widths[index] - ReportText.width(cell.text)
            )
            let painted = colours.paint(cell.text, cell.mark)
            if table.columns[index].alignsRight {
                text += pending + blanks + painted
                pending = TableText.gap
            } else {
                text += pending + painted
                pending = blanks + TableText.gap
            }
        }
        return text
    }

    /// The cells of `row` from the column at `first` on, in full.
    private func below(
        _ row: [ReportDocument.Cell],
        from first: Int,
        _ indent: String,
        _ columns: Int
    ) -> [String] {
        zip(table.columns, row).dropFirst(first).flatMap { column, cell -> [String] in
            let text = ReportText.printable(cell.text, longest: ReportText.longestLine)
            guard !text.isEmpty else { return [] }
            let title = ReportText.printable(column.title)
            return ReportText.wrapped("\(indent)\(title): \(text)", columns)
                .map { colours.paint($0, cell.mark) }
        }
    }

    private static func clipped(_ text: String) -> String {
        let shown = ReportText.printable(text)
        guard ReportText.width(shown) > widestCell else { return shown }
        var clipped = ""
        var width = 0
        for character in shown {
            let next = ReportText.width(String(character))
            guard width + next < widestCell else { break }
            clipped.append(character)
            width += next
        }
        return clipped + "…"
    }
}

/// The few colours of a report on a terminal.
///
/// The caller decides whether there is a terminal; a library that looks for one itself would
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
