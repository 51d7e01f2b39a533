import Reports
import Testing

/// ESC, BEL, CSI of C1, a carriage return, DEL and a direction override.
@Suite struct ControlCharacterTests {
    private static let hostile = "a\u{1B}[2J\u{7}\u{9B}1m\r\u{7F}\u{202E}z"

    private static func isClean(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { ReportText.isShown($0) || $0 == "\n" }
    }

    @Test func `no control character gets into a report in any form`() throws {
        let text = Self.hostile
        let document = ReportDocument(
            kind: text,
            title: text,
            subject: text,
            verdict: .init(text, .bad),
            facts: [.init(text, .init(text), remark: text)],
            sections: [
                .init(
                    title: text,
                    blocks: [
                        .note(.init(text)), .facts([.init(text, .init(text), remark: text)]),
                        .table(.init(caption: text, columns: [.text(text)], rows: [[.init(text)]])),
                        .list(title: text, items: [text], more: 1),
                    ]
                )
            ],
            cards: [.init(text, .init(text), remark: text)],
            footer: text
        )
        for written in [document.text(colour: false), document.markdown(), document.html()] {
            #expect(Self.isClean(written))
            #expect(written.contains("z"))
        }
        let json = try JSONText.write([text: text])
        #expect(Self.isClean(json))
        // It is the same text to whoever reads JSON.
        #expect(json.contains("\\u001b[2J\\u0007\\u009b1m\\r\\u007f\\u202ez"))
    }

    @Test func `a message keeps its lines and nothing else that steers`() {
        let shown = ReportText.printableLines("one\n\(Self.hostile)\r\ntwo")
        #expect(Self.isClean(shown))
        #expect(shown.hasPrefix("one\na"))
        #expect(shown.hasSuffix("\ntwo"))
    }
}
