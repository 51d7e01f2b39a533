extension ReportDocument {
    /// The document for a terminal, in aligned columns, ending with a newline.
    package func text(colour: Bool) -> String {
        let colours = TerminalColours(enabled: colour)
        let sign =
            switch verdict.mark {
            case .good: "✓ "
            case .bad: "✗ "
            case .none, .warning, .absent: ""
            }
        let line = ReportText.printable(sign + verdict.text)
        var lines = [
            colours.bold(ReportText.printable(title)),
            colours.paint(line, verdict.mark),
            "",
        ]
        lines += ReportDocument.lines(facts, colours)
        for section in sections where section.blocks.contains(where: \.hasText) {
            lines += ["", colours.bold(ReportText.printable(section.title))]
            // A note heads what follows it; everything else stands apart under its own caption.
            var isHeaded = false
            for (index, block) in section.blocks.filter(\.hasText).enumerated() {
                if index > 0 && !isHeaded {
                    lines.append("")
                }
                if case .table(let table) = block, !isHeaded {
                    lines.append("  " + ReportText.printable(table.caption))
                }
                lines += ReportDocument.lines(block, colours)
                isHeaded = block.isNote
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(
        _ block: Block,
        _ colours: TerminalColours
    ) -> [String] {
        switch block {
        case .note(let note):
            return ["  " + colours.paint(ReportText.printable(note.text), note.mark)]
        case .facts(let facts):
            return lines(facts, colours)
        case .table(let table):
            return TableText(table, colour: colours.enabled).lines(indent: "  ")
        case .list(let title, let items, let more):
            var lines = ["  " + ReportText.printable(title)]
            lines += items.map { "    " + ReportText.printable($0, longest: 4000) }
            if more > 0 {
                lines.append("    … \(ReportNumbers.count(more)) more")
            }
            return lines
        case .plots:
            return []
        }
    }

    private static func lines(_ facts: [Fact], _ colours: TerminalColours) -> [String] {
        let names = facts.map { ReportText.printable($0.name) }
        let widest = names.map(ReportText.width).max() ?? 0
        return zip(facts, names).map { fact, name in
            let blanks = String(repeating: " ", count: widest - ReportText.width(name))
            let remark = fact.remark.isEmpty ? "" : " (\(ReportText.printable(fact.remark)))"
            let value = colours.paint(
                ReportText.printable(fact.value.text, longest: 4000),
                fact.value.mark
            )
            return "  \(name)\(blanks)  \(value)\(remark)"
        }
    }
}
