import Pipeline
import Reports
import Testing

@Suite struct ReportPageTests {
    private static let hostile = "<script>alert('x')</script>\"&`|*_[a](b)\u{1B}<\u{338}b>"

    @Test func `the page stands alone`() throws {
        let page = try ReportFixture.report().document.html()
        #expect(page.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
        for outside in ["<script", "<link", "<img", "http://", "https://", "url(", "@import"] {
            #expect(!page.contains(outside), "\(outside)")
        }
        #expect(page.contains("prefers-color-scheme: dark"))
    }

    @Test func `the page has its figures, tables and cards`() throws {
        let page = try ReportFixture.report().document.html()
        func count(_ text: String) -> Int { page.pieces(between: text, and: ">").count }
        #expect(count("<figure") == 1)
        #expect(
            page.pieces(between: "<figcaption><strong>", and: "</strong>") == [
                "Rate", "Latency", "Backlog",
            ]
        )
        #expect(count("<table") == 8)
        #expect(count("<caption") == 8)
        #expect(count("<div class=\"card\"") == 10)
        #expect(
            page.pieces(between: "<h2>", and: "</h2>") == [
                "What happened", "Over the run", "Stages", "Exceptions", "Conservation", "Sales",
                "The run",
            ]
        )
        #expect(page.contains("14.6 ms"))
    }

    @Test(arguments: [0, 1, 40])
    func `every element that is opened is closed`(samples: Int) throws {
        var report = try ReportFixture.report(samples: samples)
        expectBalanced(report.document.html())
        report.warehouse = nil
        report.rawStore = nil
        report.stages = []
        report.subscriptions = []
        report.producers = []
        expectBalanced(report.document.html())
        expectBalanced(try ReportFixture.empty().document.html())
    }

    @Test func `nothing from the data is read as markup`() throws {
        let page = try spoiled().document.html()
        #expect(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"))
        // The same elements as in a page of harmless data of the same shape.
        #expect(tags(page) == tags(try spoiled(with: "harmless").document.html()))
        expectBalanced(page)
    }

    @Test func `nothing from the data is read as markup in Markdown`() throws {
        let page = try spoiled().document.markdown()
        #expect(!page.unicodeScalars.contains("<") && !page.contains("\u{1B}"))
        let bars = { (text: String) in
            text.split(separator: "\n").filter { $0.hasPrefix("|") }.map { line in
                line.replacing("\\|", with: "").count { $0 == "|" }
            }
        }
        #expect(bars(page) == bars(try spoiled(with: "harmless").document.markdown()))
    }

    @Test(arguments: 0..<40)
    func `no text escapes its element`(seed: UInt64) {
        var state = seed &+ 1
        let alphabet: [Unicode.Scalar] = [
            "<", ">", "&", "\"", "'", "\u{338}", "\u{0}", "\n", "a", "/", "!", "-", "é", "😀",
            "\u{200D}", "\u{202E}",
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<60 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            text.append(alphabet[Int(state >> 40) % alphabet.count])
        }
        let escaped = HTMLText.escaped(String(text)).unicodeScalars
        #expect(!escaped.contains { ["<", ">", "\"", "'", "\u{0}", "\n"].contains($0) })
        let ampersands = escaped.indices.filter { escaped[$0] == "&" }
        for start in ampersands {
            let rest = escaped[start...]
            #expect(
                ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"].contains {
                    rest.starts(with: $0.unicodeScalars)
                }
            )
        }
        let backslashed = MarkdownText.escaped(String(text)).unicodeScalars
        #expect(!backslashed.contains("<") && !backslashed.contains("\n"))
    }

    @Test func `Markdown has the tables of the page`() throws {
        let text = try ReportFixture.report().document.markdown()
        let rules = text.split(separator: "\n").count { $0.hasPrefix("| ---") }
        #expect(rules == 8 + 2)
        #expect(
            text.contains("| ingest | 69,655 | – | 842 µs | 2.31 ms | 14.6 ms | 212 ms | 1.04 s |")
        )
        #expect(text.contains("| = acked | 69,655 | 69,640 |"))
        #expect(text.contains("| holds | ✓ | ✓ |"))
        #expect(text.contains("\n… 6 more\n"))
    }

    // MARK: - Checks

    /// A report in which every text that can come from outside is `text`.
    private func spoiled(with text: String = hostile) throws -> RunReport {
        var report = try ReportFixture.report(samples: 5)
        report.pipeline = text
        report.outcome = .failed
        report.failure = text
        report.started = text
        report.ended = text
        report.input.kind = text
        report.input.stream = text
        report.input.latencyFrom = text
        report.producers[0].name = text
        report.producers[0].rejected = [text: 3]
        report.producers[0].rejections = [text, text]
        report.subscriptions[0].name = text
        report.subscriptions[0].topic = text
        report.subscriptions[0].deadLettersByReason = [text: 4]
        report.stages[0].name = text
        report.stages[0].kind = text
        report.stages[0].subscription = text
        report.stages[0].failures = [text: 2]
        report.rawStore?.store = text
        report.warehouse?.store = text
        report.warehouse?.totals.events = [text: 1]
        report.warehouse?.totals.sales[0].currency = text
        report.warehouse?.totals.sales[0].revenue = text
        report.warehouse?.months[0].label = text
        report.warehouse?.topProducts[0].product = text
        for index in report.samples.indices {
            report.samples[index].backlog[text] = 3
            report.samples[index].stages[0].name = text
        }
        return report
    }

    private func tags(_ page: String) -> [String] {
        page.pieces(between: "<", and: ">").map { tag in
            String(tag.prefix { !$0.isWhitespace })
        }
    }

    private func expectBalanced(_ page: String) {
        let void: Set<String> = ["!DOCTYPE", "meta"]
        var open: [String] = []
        for tag in page.pieces(between: "<", and: ">") where !tag.hasSuffix("/") {
            let name = String(tag.prefix { !$0.isWhitespace })
            if void.contains(name) { continue }
            if name.hasPrefix("/") {
                #expect(open.popLast() == String(name.dropFirst()))
            } else {
                open.append(name)
            }
        }
        #expect(open.isEmpty)
    }
}
