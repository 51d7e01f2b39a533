/// Pieces of an HTML page.
package enum HTMLText {
    /// `text` for an element or a quoted attribute.
    package static func escaped(_ text: String, longest: Int = ReportText.longest) -> String {
        ReportText.escaped(text, longest: longest) {
            $0 == "\"" ? "&quot;" : $0 == "'" ? "&#39;" : nil
        }
    }

    /// `text`, which may be several sentences.
    static func prose(_ text: String) -> String {
        escaped(text, longest: ReportText.longestLine)
    }

    /// A part of the whole, from 0 to 1, as a style sheet reads it.
    static func percent(_ share: Double) -> String {
        let text = ReportNumbers.plain(share.isFinite ? share * 100 : 0, 2)
        return (text.hasSuffix(".00") ? String(text.dropLast(3)) : text) + "%"
    }

    package static func section(_ section: ReportDocument.Section) -> String {
        let blocks = section.blocks.map(block).joined()
        let heading = "<h2>\(escaped(section.title))</h2>\n"
        guard let summary = section.summary else {
            return "<section>\n\(heading)\(blocks)</section>\n"
        }
        let text = "<span class=\"\(name(summary.mark))\">\(prose(summary.text))</span>"
        // Where something is wrong, nobody should have to look for it.
        let isOpen = summary.mark == .bad || summary.mark == .warning
        return "<section>\n\(heading)<details\(isOpen ? " open" : "")>\n"
            + "<summary>\(text)</summary>\n\(blocks)</details>\n</section>\n"
    }

    private static func block(_ block: ReportDocument.Block) -> String {
        switch block {
        case .note(let note):
            return "<p class=\"note \(name(note.mark))\">\(prose(note.text))</p>\n"
        case .facts(let facts):
            return HTMLText.facts(facts)
        case .table(let block):
            return table(block)
        case .plots(let plots):
            return "<div class=\"plots\">\n\(plots.map { $0.figure() }.joined())</div>\n"
        case .timeline(let stack):
            return stack.figure()
        case .list(let title, let items, let more):
            let rows = items.map { "<li>\(prose($0))</li>\n" }.joined()
            let rest = more > 0 ? "<p class=\"more\">… \(ReportNumbers.count(more)) more</p>\n" : ""
            return "<h3>\(escaped(title))</h3>\n<ul class=\"records\">\n\(rows)</ul>\n\(rest)"
        }
    }

    package static func facts(_ facts: [ReportDocument.Fact]) -> String {
        let rows = facts.map { fact in
            let remark = fact.remark.isEmpty ? "" : " <small>\(escaped(fact.remark))</small>"
            return "<div><dt>\(escaped(fact.name))</dt><dd class=\"\(name(fact.value.mark))\">"
                + "\(escaped(fact.value.text))\(remark)</dd></div>\n"
        }
        return "<dl class=\"facts\">\n\(rows.joined())</dl>\n"
    }

    private static func table(_ table: ReportDocument.Table) -> String {
        func alignment(_ index: Int) -> String {
            index < table.columns.count && table.columns[index].alignsRight ? "number" : "text"
        }
        let heads = table.columns.enumerated().map { index, column in
            "<th scope=\"col\" class=\"\(alignment(index))\">\(escaped(column.title))</th>"
        }
        let rows = table.rows.map { row in
            let cells = row.enumerated().map { index, cell in
                index == 0
                    ? "<th scope=\"row\"\(attributes(of: cell, "text"))>\(escaped(cell.text))</th>"
                    : "<td\(attributes(of: cell, "\(alignment(index)) \(name(cell.mark))"))>"
                        + "\(bar(of: cell))\(escaped(cell.text))</td>"
            }
            return "<tr>\(cells.joined())</tr>\n"
        }
        let rest = table.moreText.map { "<p class=\"more\">\(escaped($0))</p>\n" } ?? ""
        // The frame scrolls where the table is wider than the screen; the keyboard must reach it.
        return """
            <div class="frame" role="region" aria-label="\(escaped(table.caption))" tabindex="0">
            <table>
            <caption>\(escaped(table.caption))</caption>
            <thead><tr>\(heads.joined())</tr></thead>
            <tbody>
            \(rows.joined())</tbody>
            </table>
            \(rest)</div>

            """
    }

    /// The class and the width of a cell: a short text stays on one line, and a long one has so
    /// much room that it takes three lines at most.
    ///
    /// Where that is more than the screen has, the frame round the table scrolls.
    private static func attributes(of cell: ReportDocument.Cell, _ classes: String) -> String {
        let length = cell.text.count
        guard length > 26 else { return " class=\"\(classes)\"" }
        // Words leave room at the ends of lines.
        return " class=\"\(classes) long\" style=\"min-width:\(max(18, length * 11 / 20))ch\""
    }

    private static func bar(of cell: ReportDocument.Cell) -> String {
        cell.bar.map { "<i class=\"bar\" style=\"width:\(percent($0))\"></i>" } ?? ""
    }

    /// The class of `mark` in the style sheet.
    package static func name(_ mark: ReportDocument.Mark) -> String {
        switch mark {
        case .none: "plain"
        case .good: "good"
        case .warning: "warning"
        case .bad: "bad"
        case .absent: "absent"
        }
    }
}

extension ReportDocument {
    /// The document as one HTML page that needs nothing else: no script, no font, no network.
    package func html() -> String {
        let cards = cards.map { card in
            let remark =
                card.remark.isEmpty ? "" : "<small>\(HTMLText.escaped(card.remark))</small>"
            return "<div class=\"card\"><dt>\(HTMLText.escaped(card.name))</dt>"
                + "<dd class=\"\(HTMLText.name(card.value.mark))\">"
                + "\(HTMLText.escaped(card.value.text))\(remark)</dd></div>\n"
        }
        let mark = HTMLText.name(verdict.mark)
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" \
            content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(HTMLText.escaped(title)), \(HTMLText.escaped(kind))</title>
            <style>
            \(ReportStyle.css)
            </style>
            </head>
            <body>
            <main>
            <header>
            <p class="kind">\(HTMLText.escaped(kind))</p>
            <h1>\(HTMLText.escaped(title))</h1>
            \(lead.isEmpty ? "" : "<p class=\"lead\">\(HTMLText.prose(lead))</p>\n")\
            <p class="verdict \(mark)">\(HTMLText.prose(verdict.text))</p>
            </header>
            <dl class="cards" aria-label="Key figures">
            \(cards.joined())</dl>
            \(sections.map(HTMLText.section).joined())<section>
            <h2>The \(HTMLText.escaped(subject))</h2>
            \(HTMLText.facts(facts))</section>
            <footer>\(HTMLText.escaped(footer))</footer>
            </main>
            </body>
            </html>

            """
    }
}
