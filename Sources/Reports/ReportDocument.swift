/// What a report says, in order, before it is written as text, Markdown or HTML.
///
/// The three forms say the same because they are made from this one value. Texts in it are raw:
/// whoever writes them out escapes them for the form.
package struct ReportDocument: Sendable {
    /// What sort of report it is, such as `Run report`.
    package var kind: String
    package var title: String
    /// What it reports on, in a word: `run`.
    package var subject: String
    /// How the run ended and whether every message is accounted for, in one line.
    package var verdict: Cell
    /// What one wants to know first.
    package var facts: [Fact]
    package var sections: [Section]
    /// The few figures that one reads from across the room; on a page only.
    package var cards: [Fact] = []
    /// The subject over time; on a page only.
    package var plots: [Plot] = []
    /// The line at the end of a page.
    package var footer = ""

    package init(
        kind: String,
        title: String,
        subject: String,
        verdict: Cell,
        facts: [Fact],
        sections: [Section],
        cards: [Fact] = [],
        plots: [Plot] = [],
        footer: String = ""
    ) {
        self.kind = kind
        self.title = title
        self.subject = subject
        self.verdict = verdict
        self.facts = facts
        self.sections = sections
        self.cards = cards
        self.plots = plots
        self.footer = footer
    }

    /// Whether a text is good or bad news.
    package enum Mark: Sendable {
        /// Neither.
        case none
        /// Something was checked and holds.
        case good
        /// Something to look at that is not wrong in itself.
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

        package init(_ text: String, _ mark: Mark = .none) {
            self.text = text
            self.mark = mark
        }

        package init(stringLiteral text: String) {
            self.init(text)
        }

        /// Nothing was measured: neither zero nor good.
        package static var absent: Cell { Cell("–", .absent) }

        /// The count, marked where there are any.
        package static func count(_ value: Int64, ifAny mark: Mark = .none) -> Cell {
            Cell(ReportNumbers.count(value), value > 0 ? mark : .none)
        }
    }

    /// A named value.
    package struct Fact: Sendable {
        package var name: String
        package var value: Cell
        /// What helps to judge the value.
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
        package var blocks: [Block]

        package init(title: String, blocks: [Block]) {
            self.title = title
            self.blocks = blocks
        }
    }

    /// A piece of a section.
    package enum Block: Sendable {
        case note(Cell)
        case facts([Fact])
        case table(Table)
        /// A titled list, and how many more there are than it names.
        case list(title: String, items: [String], more: Int64)

        /// Plots; on a page only.
        case plots([Plot])

        var hasText: Bool {
            if case .plots = self { false } else { true }
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

    /// "… 3 more", or nil where nothing was left off.
    package var moreText: String? {
        more > 0 ? "… \(ReportNumbers.count(Int64(more))) more" : nil
    }
}
