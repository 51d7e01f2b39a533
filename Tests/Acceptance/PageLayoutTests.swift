import Foundation
import Testing

/// Every page that the program writes, as a browser lays it out on a desk and on a phone.
@Suite(.enabled(if: PageBrowser.program != nil, "Chromium is not installed"), .serialized)
struct PageLayoutTests {
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    private func expectWellLaid(_ html: String) async throws {
        let browser = PageBrowser(folder: folder)
        #expect(html.contains("</main>"))
        for width in [1280, 390] {
            for isDark in [false, true] {
                let findings = try await browser.findings(in: html, width: width, isDark: isDark)
                let scheme = isDark ? "dark" : "light"
                #expect(
                    findings.isEmpty,
                    "\(width) px, \(scheme):\n\(findings.joined(separator: "\n"))"
                )
            }
        }
    }

    @Test func `the pages of a scenario, of its objectives and of a replay fit every screen`()
        async throws
    {
        let root = Program.packageRoot.path
        let script = """
            weir simulate '\(Program.storefront)' --for 30m --rate 20 --tick 10s \
                --scenario '\(root)/pipelines/scenarios/database-outage.yaml' \
                --warehouse sqlite:w.sqlite --report run.html > /dev/null
            slo="--objectives \(root)/slo/storefront --warehouse sqlite:w.sqlite --as-of latest"
            weir slo report $slo --format html > slo.html
            weir slo replay $slo --objective target=95 --format html > replay.html
            weir slo explain availability $slo --format html > explain.html
            """
        let ending = try await Program.run(["-c", script], through: "sh", in: folder)
        #expect(ending.exitCode == 0, "\(ending.errors)")
        for page in ["run", "slo", "replay", "explain"] {
            try await expectWellLaid(try folder.text(of: "\(page).html"))
        }
    }

    @Test(arguments: [
        "bot-flood", "crash-loop", "poison-messages", "schema-change", "silent-loss", "weather",
    ])
    func `the page of a scenario fits every screen`(scenario: String) async throws {
        let script = """
            weir simulate '\(Program.storefront)' --for 1h --rate 5 --tick 10s \
                --scenario \(scenario) --report run.html > /dev/null
            """
        let ending = try await Program.run(["-c", script], through: "sh", in: folder)
        #expect(ending.exitCode == 0, "\(ending.errors)")
        try await expectWellLaid(try folder.text(of: "run.html"))
    }

    @Test func `the page of a capacity fits every screen`() async throws {
        let script = """
            weir capacity '\(Program.storefront)' --probe 1s --from 200 --precision 1 --confirm 0 \
                --raw memory: --warehouse memory: --report capacity.html > /dev/null
            """
        let ending = try await Program.run(["-c", script], through: "sh", in: folder)
        #expect(ending.exitCode == 0, "\(ending.errors)")
        try await expectWellLaid(try folder.text(of: "capacity.html"))
    }

    @Test func `the page of a run with rejected and dead messages fits every screen`() async throws
    {
        let log = (0..<40).map { number in
            let id = number % 5 == 0 ? "" : "order-\(number)"
            let time = number % 7 == 0 ? "not a time, and a rather long text at that" : "2026-01-01"
            return """
                {"name": "purchase", "id": "\(number)", "time": "\(time)", \
                "transaction_id": "\(id)"}
                """
        }
        try folder.write("shop.ndjson", log.joined(separator: "\n") + "\n")
        let script = """
            weir run '\(Program.storefront)' --input shop.ndjson --raw memory: --warehouse memory: \
                --report run.html > /dev/null
            """
        _ = try await Program.run(["-c", script], through: "sh", in: folder)
        try await expectWellLaid(try folder.text(of: "run.html"))
    }

    @Test func `the look finds what it looks for`() async throws {
        let html = """
            <!DOCTYPE html><html><head><meta name="viewport" content="width=device-width">
            </head><body style="background: #fff; color: #000"><main>
            <p style="color: #aaa">pale</p>
            <p style="width: 2000px">wide</p>
            <div class="frame" style="width: 90px; overflow-x: auto" aria-label="narrow">
            <p style="width: 300px">hidden</p></div>
            <table style="width: 60px; table-layout: fixed"><tr>
            <td style="overflow-wrap: anywhere">breached</td>
            <td>one two three four five six seven</td></tr></table></main></body></html>
            """
        let browser = PageBrowser(folder: folder)
        let findings = try await browser.findings(in: html, width: 1280, isDark: false)
        for kind in [
            "overflow", "broken word: breached", "long cell: one two", "contrast 2.32",
            "hidden column: 210",
        ] {
            #expect(findings.contains { $0.hasPrefix(kind) }, "\(kind) in \(findings)")
        }
    }
}
