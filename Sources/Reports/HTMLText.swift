/// Pieces of an HTML page.
package enum HTMLText {
    /// `text` for an element or a quoted attribute.
    package static func escaped(_ text: String) -> String {
        ReportText.escaped(text) { $0 == "\"" ? "&quot;" : $0 == "'" ? "&#39;" : nil }
    }

    package static func section(_ section: ReportDocument.Section) -> String {
        "<section>\n<h2>\(escaped(section.title))</h2>\n"
            + section.blocks.map(block).joined() + "</section>\n"
    }

    private static func block(_ block: ReportDocument.Block) -> String {
        switch block {
        case .note(let note):
            return "<p class=\"note \(name(note.mark))\">\(escaped(note.text))</p>\n"
        case .facts(let facts):
            return HTMLText.facts(facts)
        case .table(let block):
            return table(block)
        case .plots(let plots):
            return "<div class=\"plots\">\n\(plots.map { $0.figure() }.joined())</div>\n"
        case .list(let title, let items, let more):
            let rows = items.map { "<li><code>\(escaped($0))</code></li>\n" }.joined()
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
                    ? "<th scope=\"row\">\(escaped(cell.text))</th>"
                    : "<td class=\"\(alignment(index)) \(name(cell.mark))\">"
                        + "\(escaped(cell.text))</td>"
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
            <p class="verdict \(mark)">\(HTMLText.escaped(verdict.text))</p>
            </header>
            <dl class="cards" aria-label="Key figures">
            \(cards.joined())</dl>
            \(plots.isEmpty ? "" : HTMLText.section(overview))            <section>
            <h2>The \(HTMLText.escaped(subject))</h2>
            \(HTMLText.facts(facts))</section>
            \(sections.map(HTMLText.section).joined())
            <footer>\(HTMLText.escaped(footer))</footer>
            </main>
            </body>
            </html>

            """
    }

    private var overview: Section {
        Section(title: "Over the \(subject)", blocks: [.plots(plots)])
    }
}

/// The style sheet of the HTML report.
///
/// Line colours have contrast on light and dark ground and can be distinguished by readers
/// who cannot distinguish red from green; line widths and dashes repeat the distinction.
enum ReportStyle {
    static let css = """
        :root {
          color-scheme: light dark;
          --ground: #f6f6f3; --surface: #fdfdfc; --line: #e2e1db; --axis: #b5b3aa;
          --ink: #16160f; --soft: #5c5b54; --faint: #6d6c64;
          --good: #0b6b2e; --good-ground: #e2f3e6; --bad: #b3191f; --bad-ground: #fde7e6;
          --warning: #8a5200; --warning-ground: #fdf0d6;
          --s0: #2a78d6; --s1: #d2571b; --s2: #128a64; --s3: #8a4fc4; --s4: #b98300; --s5: #c9417f;
          --d0: #7fb0ea; --d1: #2a78d6; --d2: #123d78;
          --area: #e7e6df; --area-line: #8b897e;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #121210; --surface: #1b1b18; --line: #33322d; --axis: #5b5a52;
            --ink: #f1f0e9; --soft: #b9b7ab; --faint: #a19f94;
            --good: #6fd58e; --good-ground: #12301c; --bad: #ff8a84; --bad-ground: #431917;
            --warning: #f0b95a; --warning-ground: #3a2a0c;
            --s0: #5598ee; --s1: #ee7a3f; --s2: #2fb38a;
            --s3: #b18aec; --s4: #dba520; --s5: #ea6fa6;
            --d0: #3f74b8; --d1: #5598ee; --d2: #c0dafb;
            --area: #2b2a26; --area-line: #918f84;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0; background: var(--ground); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
          font-variant-numeric: tabular-nums;
        }
        main { max-width: 1180px; margin: 0 auto; padding: 40px 24px 56px; }
        .kind { margin: 0; color: var(--faint); font-size: 13px; }
        h1 { margin: 0; font-size: 32px; line-height: 1.2; letter-spacing: -0.015em;
          overflow-wrap: anywhere; }
        h2 { margin: 32px 0 14px; font-size: 20px; letter-spacing: -0.01em; }
        h3 { margin: 24px 0 6px; font-size: 14px; font-weight: 600; }
        .verdict { margin: 16px 0 0; padding: 11px 16px; border-radius: 8px; font-weight: 600;
          border-left: 4px solid var(--axis); background: var(--surface);
          overflow-wrap: anywhere; }
        .verdict::first-letter { text-transform: uppercase; }
        .verdict.good { border-color: var(--good); background: var(--good-ground); }
        .verdict.warning { border-color: var(--warning); background: var(--warning-ground); }
        .verdict.bad { border-color: var(--bad); background: var(--bad-ground); }
        .good { color: var(--good); }
        .warning { color: var(--warning); }
        .bad { color: var(--bad); font-weight: 700; }
        .absent { color: var(--faint); }
        .cards { display: grid; gap: 12px; margin: 20px 0 0;
          grid-template-columns: repeat(auto-fill, minmax(min(100%, 215px), 1fr)); }
        .card { padding: 13px 16px; border: 1px solid var(--line); border-radius: 8px;
          background: var(--surface); min-width: 0; }
        .card dt { color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
        .card dt::first-letter { text-transform: uppercase; }
        .card dd { margin: 2px 0 0; font-size: 20px; font-weight: 600; line-height: 1.25;
          letter-spacing: -0.01em; overflow-wrap: anywhere; }
        .card small { display: block; margin-top: 3px; color: var(--faint); font-size: 12.5px;
          font-weight: 400; letter-spacing: 0; }
        .plots { display: grid; gap: 16px;
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); }
        figure { margin: 0; padding: 14px 16px 10px; border: 1px solid var(--line);
          border-radius: 8px; background: var(--surface); min-width: 0;
          display: flex; flex-direction: column; }
        figcaption { line-height: 1.35; }
        figcaption span { color: var(--soft); font-size: 13px; }
        .legend { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 6px 0 8px; padding: 0;
          list-style: none; font-size: 13px; }
        .legend span { color: var(--faint); }
        .key { width: 22px; height: 10px; margin-right: 6px; }
        .plot { display: block; width: 100%; height: auto; margin-top: auto; overflow: visible; }
        svg path, svg circle { fill: none; stroke: none; }
        svg path { stroke-width: 1.8; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
        .plot .grid { stroke: var(--line); stroke-width: 1; }
        .plot .axis { stroke: var(--axis); stroke-width: 1; }
        .tick { fill: var(--faint); font-size: 11.5px; }
        .tick.x { text-anchor: middle; }
        .tick.x.end { text-anchor: end; }
        .tick.y { text-anchor: end; dominant-baseline: central; }
        .tick.end { text-anchor: end; }
        .mark path { stroke: var(--axis); stroke-dasharray: 4 3; }
        \(inks)
        svg .s0 { stroke-width: 3.2; }
        svg .d1 { stroke-width: 2.2; }
        svg .d2 { stroke-width: 1; }
        svg .dashed { stroke-dasharray: 5 3; }
        .plot .fill { fill: var(--area); }
        svg .ground { stroke: var(--area-line); }
        svg circle.ground { fill: var(--area-line); }
        section { display: flex; flex-wrap: wrap; align-items: flex-start; gap: 0 18px; }
        section > * { flex: 1 1 100%; }
        section > .frame { flex: 0 1 auto; }
        .frame .more { margin: 0; padding: 7px 14px; border-top: 1px solid var(--line); }
        .frame { margin: 0 0 18px; overflow-x: auto; border: 1px solid var(--line);
          border-radius: 8px; background: var(--surface); width: fit-content; max-width: 100%; }
        .frame:focus-visible { outline: 2px solid var(--s0); outline-offset: 2px; }
        table { border-collapse: collapse; font-size: 14px; min-width: 420px; }
        caption { padding: 11px 14px 7px; text-align: left; font-weight: 600; white-space: nowrap; }
        th, td { padding: 6px 14px; border-top: 1px solid var(--line); white-space: nowrap;
          text-align: left; }
        thead th { color: var(--soft); font-size: 12.5px; font-weight: 500; }
        tbody th { font-weight: 500; white-space: normal; overflow-wrap: anywhere;
          min-width: 9em; max-width: 28em; }
        td.text { white-space: normal; overflow-wrap: anywhere; max-width: 32em; }
        .number { text-align: right; }
        tbody tr:hover { background: var(--ground); }
        .facts { display: grid; gap: 0 36px; margin: 0 0 18px;
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); }
        .facts div { display: flex; gap: 16px; padding: 6px 0;
          border-bottom: 1px solid var(--line); }
        .facts dt { flex: 0 0 9.5em; color: var(--soft); }
        .facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
        .facts small { color: var(--faint); font-weight: 400; }
        .note { margin: 0 0 12px; }
        .note.plain { color: var(--soft); }
        .more { margin: 0 0 18px; color: var(--faint); font-size: 13px; }
        .records { margin: 0 0 18px; padding-left: 20px; }
        code { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
          overflow-wrap: anywhere; }
        footer { margin-top: 48px; padding-top: 14px; border-top: 1px solid var(--line);
          color: var(--faint); font-size: 13px; }
        @media print {
          body { background: none; }
          main { max-width: none; padding: 0; }
          figure, .card, tr { break-inside: avoid; }
          .frame { overflow: visible; }
        }
        """

    /// Each colour for lines and for lone points.
    private static let inks: String = {
        let names = (0..<6).map { "s\($0)" } + (0..<3).map { "d\($0)" }
        return names.map { name in
            "svg .\(name) { stroke: var(--\(name)); }"
                + " svg circle.\(name) { fill: var(--\(name)); }"
        }.joined(separator: "\n")
    }()
}
