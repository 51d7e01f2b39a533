/// The content of a report, in order, before it is written as text, Markdown or HTML.
///
/// All three forms are made from this one value. Texts in it are raw;
/// they are escaped when they are written.
package struct ReportDocument: Sendable {
    /// The kind of report, such as `Run report`.
    package var kind: String
    package var title: String
    /// What it is about, in a word: `run`.
    package var subject: String
    /// What the title stands for, in a sentence or two; empty where it says all.
    package var lead: String
    /// How the run ended and whether every message is accounted for, in one line.
    package var verdict: Cell
    /// How it came about: what matters most on a terminal, and what one looks up at the end of a
    /// page.
    package var facts: [Fact]
    package var sections: [Section]
    /// The few large figures at the top; on a page only.
    package var cards: [Fact] = []
    /// The line at the end of a page.
    package var footer = ""

    package init(
        kind: String,
        title: String,
        subject: String,
        lead: String = "",
        verdict: Cell,
        facts: [Fact],
        sections: [Section],
        cards: [Fact] = [],
        footer: String = ""
    ) {
        self.kind = kind
        self.title = title
        self.subject = subject
        self.lead = lead
        self.verdict = verdict
        self.facts = facts
        self.sections = sections
        self.cards = cards
        self.footer = footer
    }

    /// Whether a text is good or bad news.
    package enum Mark: Sendable {
        /// Neither.
        case none
        /// Checked, and holds.
        case good
        /// Worth attention, not wrong in itself.
        case warning
        /// Something is wrong.
        case bad
        /// There is no data to judge by.
        case absent
    }

    /// A text with its mark.
    package struct Cell: Sendable, ExpressibleByStringInterpolation {
        package var text: String
        package var mark: Mark
        /// How long a bar a page draws in the cell, from 0 to 1; nil for none.
        package var bar: Double? = nil

        package init(_ text: String, _ mark: Mark = .none) {
            self.text = text
            self.mark = mark
        }

        package init(stringLiteral text: String) {
            self.init(text)
        }

        /// Nothing was measured: neither zero nor good.
        package static var absent: Cell { Cell("–", .absent) }

        /// The text; nothing was measured where there is none.
        package init(_ text: String?) {
            self = text.map { Cell($0) } ?? .absent
        }

        /// An instant, RFC 3339 in UTC, to the second.
        package static func instant(_ text: String?) -> Cell {
            Cell(text.map(ReportNumbers.instant))
        }

        /// The cell with a bar as long as `value` is of `highest`.
        package func bar(_ value: Double, of highest: Double) -> Cell {
            var cell = self
            if highest > 0, value.isFinite { cell.bar = min(1, max(0, value / highest)) }
            return cell
        }

        /// A latency.
        package static func latency(milliseconds: Double?) -> Cell {
            Cell(milliseconds.map(ReportNumbers.latency))
        }

        /// The count, marked where there are any.
        package static func count(_ value: Int64, ifAny mark: Mark = .none) -> Cell {
            Cell(ReportNumbers.count(value), value > 0 ? mark : .none)
        }
    }

    /// A named value.
    package struct Fact: Sendable {
        package var name: String
        package var value: Cell
        /// A remark beside the value.
        package var remark: String

        package init(_ name: String, _ value: Cell, remark: String = "") {
            self.name = name
            self.value = value
            self.remark = remark
        }
    }

    /// A titled part.
    package struct Section: Sendable {
        package var title: String
        /// All of it in a sentence, behind which a page folds the rest; nil where nothing is
        /// folded.
        package var summary: Cell?
        package var blocks: [Block]

        package init(title: String, summary: Cell? = nil, blocks: [Block]) {
            self.title = title
            self.summary = summary
            self.blocks = blocks
        }

        /// What is written where nothing can be folded or drawn.
        var written: [Block] {
            (summary.map { [Block.note($0)] } ?? []) + blocks.filter(\.hasText)
        }
    }

    /// A piece of a section.
    package enum Block: Sendable {
        case note(Cell)
        case facts([Fact])
        case table(Table)
        /// A titled list, and how many more there are than it names.
        case list(title: String, items: [String], more: Int64)

        /// Plots side by side; on a page only.
        case plots([Plot])
        /// Plots on one time axis; on a page only.
        case timeline(PlotStack)

        var hasText: Bool {
            switch self {
            case .note, .facts, .table, .list: true
            case .plots, .timeline: false
            }
        }

        var isNote: Bool {
            if case .note = self { true } else { false }
        }
    }

    /// A table whose first column names the row.
    package struct Table: Sendable {
        package var caption: String
        package var columns: [Column]
        package var rows: [[Cell]]
        /// How many rows were left off at the end.
        package var more = 0

        package init(caption: String, columns: [Column], rows: [[Cell]], more: Int = 0) {
            self.caption = caption
            self.columns = columns
            self.rows = rows
            self.more = more
        }
    }

    /// The head of a column.
    package struct Column: Sendable {
        package var title: String
        package var alignsRight: Bool

        /// A column of texts.
        package static func text(_ title: String) -> Column {
            Column(title: title, alignsRight: false)
        }

        /// A column of figures.
        package static func number(_ title: String) -> Column {
            Column(title: title, alignsRight: true)
        }
    }

    /// The document for a terminal of so many `columns`, in aligned columns, ending with a newline;
    /// `overflow` says what becomes of what does not fit.
    package func text(
        colour: Bool,
        columns: Int = .max,
        overflow: TableText.Overflow = .left
    ) -> String {
        let colours = TerminalColours(enabled: colour)
        let sign =
            switch verdict.mark {
            case .good: "✓ "
            case .bad: "✗ "
            case .none, .warning, .absent: ""
            }
        var lines = [colours.bold(ReportText.printable(title))]
        if !lead.isEmpty {
            lines += ReportText.wrapped(
                ReportText.printable(lead, longest: ReportText.longestLine),
                columns
            )
        }
        let said = ReportText.printable(sign + verdict.text, longest: ReportText.longestLine)
        lines += ReportText.wrapped(said, columns)
            .map { colours.paint($0, verdict.mark) }
        lines.append("")
        lines += ReportDocument.lines(facts, colours, columns)
        for section in sections where !section.written.isEmpty {
            lines += ["", colours.bold(ReportText.printable(section.title))]
            // A note heads what follows it; everything else stands apart under its own caption.
            var isHeaded = false
            for (index, block) in section.written.enumerated() {
                if index > 0 && !isHeaded {
                    lines.append("")
                }
                if case .table(let table) = block, !isHeaded {
                    let caption = "  " + ReportText.printable(table.caption)
                    lines += ReportText.wrapped(caption, columns)
                }
                lines += ReportDocument.lines(block, colours, columns, overflow)
                isHeaded = block.isNote
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(
        _ block: Block,
        _ colours: TerminalColours,
        _ columns: Int,
        _ overflow: TableText.Overflow
    ) -> [String] {
        switch block {
        case .note(let note):
            let text = "  " + ReportText.printable(note.text, longest: ReportText.longestLine)
            return ReportText.wrapped(text, columns)
                .map { colours.paint($0, note.mark) }
        case .facts(let facts):
            return lines(facts, colours, columns)
        case .table(let table):
            return TableText(table, colour: colours.enabled)
                .lines(indent: "  ", columns: columns, overflow: overflow)
        case .list(let title, let items, let more):
            var lines = ["  " + ReportText.printable(title)]
            lines += items.flatMap {
                ReportText.wrapped(
                    "    " + ReportText.printable($0, longest: ReportText.longestLine),
                    columns
                )
            }
            if more > 0 {
                lines.append("    … \(ReportNumbers.count(more)) more")
            }
            return lines
        case .plots, .timeline:
            return []
        }
    }

    private static func lines(
        _ facts: [Fact],
        _ colours: TerminalColours,
        _ columns: Int
    ) -> [String] {
        let names = facts.map { ReportText.printable($0.name) }
        let widest = names.map(ReportText.width).max() ?? 0
        return zip(facts, names).flatMap { fact, name -> [String] in
            let blanks = String(repeating: " ", count: widest - ReportText.width(name))
            let remark = fact.remark.isEmpty ? "" : " (\(ReportText.printable(fact.remark)))"
            let text = ReportText.printable(fact.value.text, longest: ReportText.longestLine)
            let line = "  \(name)\(blanks)  \(text)\(remark)"
            guard ReportText.width(line) > columns else {
                let value = colours.paint(text, fact.value.mark)
                return ["  \(name)\(blanks)  \(value)\(remark)"]
            }
            return ReportText.wrapped(line, columns).map { colours.paint($0, fact.value.mark) }
        }
    }
}

extension ReportDocument.Table {
    /// The table of `items`, of which at most `limit` are shown.
    package init<Item>(
        _ caption: String,
        _ columns: [ReportDocument.Column],
        of items: [Item],
        limit: Int = .max,
        row: (Item) -> [ReportDocument.Cell]
    ) {
        self.init(
            caption: caption,
            columns: columns,
            rows: items.prefix(limit).map(row),
            more: max(0, items.count - limit)
        )
    }

    /// "… 3 more", or nil if nothing was left off.
    package var moreText: String? {
        more > 0 ? "… \(ReportNumbers.count(Int64(more))) more" : nil
    }
}

extension ReportDocument {
    /// The document in Markdown with pipe tables, ending with a newline.
    package func markdown() -> String {
        let table = Table("", [.text(subject), .text("value")], of: facts) {
            [Cell($0.name), $0.value]
        }
        var parts = ["# \(MarkdownText.escaped(title))"]
        if !lead.isEmpty { parts.append(MarkdownText.prose(Cell(lead))) }
        parts.append(MarkdownText.prose(verdict))
        if !facts.isEmpty { parts.append(MarkdownText.table(table)) }
        for section in sections where !section.written.isEmpty {
            parts.append("## \(MarkdownText.escaped(section.title))")
            parts += section.written.map(MarkdownText.block)
        }
        return parts.joined(separator: "\n\n") + "\n"
    }
}

/// Pieces of a document in Markdown.
package enum MarkdownText {
    static func block(_ block: ReportDocument.Block) -> String {
        switch block {
        case .note(let note):
            return prose(note)
        case .facts(let facts):
            let rows = ReportDocument.Table("", [.text("what"), .number("value")], of: facts) {
                [ReportDocument.Cell($0.name), $0.value]
            }
            return table(rows)
        case .table(let block):
            return heading(block.caption) + table(block)
        case .list(let title, let items, let more):
            var lines = items.map { "- " + prose(ReportDocument.Cell($0)) }
            if more > 0 {
                lines.append("- … \(ReportNumbers.count(more)) more")
            }
            return heading(title) + lines.joined(separator: "\n")
        case .plots, .timeline:
            return ""
        }
    }

    /// Nothing where there is no title.
    private static func heading(_ title: String) -> String {
        title.isEmpty ? "" : "### \(escaped(title))\n\n"
    }

    static func table(_ table: ReportDocument.Table) -> String {
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
        var lines = [
            line(table.columns.map { escaped($0.title) }),
            line(table.columns.map { $0.alignsRight ? "---:" : "---" }),
        ]
        lines += table.rows.map { line($0.map { marked($0) }) }
        if let more = table.moreText {
            lines += ["", more]
        }
        return lines.joined(separator: "\n")
    }

    /// Bad news in bold: Markdown has no colour.
    static func marked(
        _ cell: ReportDocument.Cell,
        longest: Int = ReportText.longest
    ) -> String {
        let text = escaped(cell.text, longest: longest)
        return cell.mark == .bad ? "**\(text)**" : text
    }

    /// The sentences of `cell`.
    static func prose(_ cell: ReportDocument.Cell) -> String {
        marked(cell, longest: ReportText.longestLine)
    }

    /// `text` so that Markdown, and HTML inside it, shows it as it is.
    package static func escaped(_ text: String, longest: Int = ReportText.longest) -> String {
        ReportText.escaped(text, longest: longest) { scalar in
            switch scalar {
            case "@": "&#64;"
            case "\\", "|", "`", "*", "_", "[", "]", "#", "~", "$": "\\\(scalar)"
            default: nil
            }
        }
    }
}
