extension ReportDocument {
    /// The document in Markdown with pipe tables, ending with a newline.
    package func markdown() -> String {
        let table = Table("", [.text(subject), .text("")], of: facts) {
            [Cell($0.name), $0.value]
        }
        var parts = [
            "# \(MarkdownText.escaped(title))",
            MarkdownText.marked(verdict),
            MarkdownText.table(table),
        ]
        for section in sections where section.blocks.contains(where: \.hasText) {
            parts.append("## \(MarkdownText.escaped(section.title))")
            parts += section.blocks.filter(\.hasText).map(MarkdownText.block)
        }
        return parts.joined(separator: "\n\n") + "\n"
    }
}

/// Pieces of a document in Markdown.
package enum MarkdownText {
    static func block(_ block: ReportDocument.Block) -> String {
        switch block {
        case .note(let note):
            return marked(note)
        case .facts(let facts):
            let rows = ReportDocument.Table("", [.text(""), .number("value")], of: facts) {
                [ReportDocument.Cell($0.name), $0.value]
            }
            return table(rows)
        case .table(let block):
            return "### \(escaped(block.caption))\n\n" + table(block)
        case .list(let title, let items, let more):
            var lines = ["### \(escaped(title))", ""]
            lines += items.map { "- " + escaped($0) }
            if more > 0 {
                lines.append("- … \(ReportNumbers.count(more)) more")
            }
            return lines.joined(separator: "\n")
        case .plots:
            return ""
        }
    }

    static func table(_ table: ReportDocument.Table) -> String {
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
        var lines = [
            line(table.columns.map { escaped($0.title) }),
            line(table.columns.map { $0.alignsRight ? "---:" : "---" }),
        ]
        lines += table.rows.map { line($0.map(marked)) }
        if let more = table.moreText {
            lines += ["", more]
        }
        return lines.joined(separator: "\n")
    }

    /// Bad news in bold: Markdown has no colour.
    static func marked(_ cell: ReportDocument.Cell) -> String {
        cell.mark == .bad ? "**\(escaped(cell.text))**" : escaped(cell.text)
    }

    /// `text` so that Markdown, and HTML inside it, shows it as it is.
    package static func escaped(_ text: String) -> String {
        var escaped = ""
        // By scalar: a combining mark after "<" would hide it from a comparison of characters.
        for scalar in ReportText.printable(text).unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "@": escaped += "&#64;"
            case "\\", "|", "`", "*", "_", "[", "]", "#", "~", "$": escaped += "\\\(scalar)"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
