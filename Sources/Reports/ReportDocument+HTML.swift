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
