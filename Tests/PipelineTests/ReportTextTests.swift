import Pipeline
import Reports
import Testing

@Suite struct ReportTextTests {
    @Test func `the latency table is headed by where latency is counted from`() throws {
        let text = try ReportFixture.report().document.text(colour: false)
        #expect(text.contains("latency from intended send to acknowledgement"))
        #expect(
            text.contains(
                "  ingest       69,655     –  842 µs  2.31 ms  14.6 ms  212 ms  1.04 s"
            )
        )
    }

    @Test func `the columns of a table stand under each other`() throws {
        let report = try ReportFixture.report()
        for section in report.document.sections {
            for case .table(let table) in section.blocks {
                let lines = TableText(table, colour: false).lines()
                let rule = ReportText.width(lines[1])
                let last = table.columns.last
                for line in lines where last?.alignsRight == true && !line.hasPrefix("…") {
                    #expect(ReportText.width(line) == rule, "\(line)")
                }
            }
        }
    }

    @Test func `what a terminal has no room for stands below its row, in full`() {
        let long = Array(repeating: "word", count: 20).joined(separator: " ")
        let table = ReportDocument.Table(
            caption: "",
            columns: [.text("lane"), .text("what"), .number("count")],
            rows: [
                [.init("ingest"), .init(long), .init("7")], [.init("raw"), .init("short"), ""],
            ]
        )
        #expect(
            TableText(table, colour: false).lines(indent: "  ", columns: 40, overflow: .below)
                == [
                    "  lane", "  ──────", "  ingest",
                    "      what: word word word word word",
                    "        word word word word word word",
                    "        word word word word word word", "        word word word",
                    "      count: 7", "  raw", "      what: short",
                ]
        )
        var lanes = table
        lanes.rows.append([.init("│"), .init("more"), .init("")])
        #expect(
            TableText(lanes, colour: false)
                .lines(indent: "  ", columns: 40, overflow: .below).last == "  │   what: more"
        )
        #expect(
            TableText(table, colour: false).lines(indent: "  ", columns: 40)
                == ["  lane", "  ──────", "  ingest", "  raw"]
        )
    }

    @Test func `colour does not move a column`() throws {
        let report = try ReportFixture.report()
        let plain = report.document.text(colour: false)
        let coloured = report.document.text(colour: true)
        #expect(!plain.contains("\u{1B}"))
        #expect(coloured.contains("\u{1B}[32m✓\u{1B}[0m"))
        let stripped = coloured.split(separator: "\u{1B}[", omittingEmptySubsequences: false)
            .enumerated()
            .map { $0.offset == 0 ? $0.element : $0.element.drop { $0 != "m" }.dropFirst() }
            .joined()
        #expect(stripped == plain)
    }

    @Test func `the equation is spelled out and its sum shown`() throws {
        let text = try ReportFixture.report().document.text(colour: false)
        #expect(
            text.split(whereSeparator: \.isWhitespace).joined(separator: " ").contains(
                "published = acked + outstanding + backlog + waiting + dead-lettered + expired "
                    + "+ filtered + shed"
            )
        )
        let rows = ["published", "= acked", "+ outstanding", "+ dead-lettered", "+ shed", "holds"]
        for row in rows {
            #expect(text.contains("\n  \(row) "), "\(row)")
        }
    }

    @Test func `a broken equation is loud`() throws {
        var report = try ReportFixture.report()
        report.subscriptions[1].acked -= 3
        let text = report.document.text(colour: true)
        #expect(text.contains("\u{1B}[1;31m✗ VIOLATED off by 3\u{1B}[0m"))
        #expect(text.contains("NOT conserved: messages of subscription analytics are unaccounted"))
        #expect(report.document.verdict.mark == .bad)
        report.subscriptions[1].acked += 3
        report.subscriptions[1].conserved = false
        #expect(report.document.verdict.mark == .bad)
    }

    @Test func `a clean run is good, and one with rejections is looked at`() throws {
        var report = try ReportFixture.report()
        report.rate.lateSeconds = 0
        #expect(report.document.verdict.mark == .warning)
        #expect(
            report.document.verdict.text.contains(
                "for; 14 rejected, dead-lettered: 4 by ingest and 19"
            )
        )
        ReportFixture.makeClean(&report)
        #expect(report.document.verdict.mark == .good)
        #expect(
            report.document.text(colour: false).contains(
                "✓ completed; every message accounted for\n"
            )
        )
        report.outcome = .interrupted
        #expect(report.document.verdict.mark == .warning)
        report.outcome = .failed
        report.failure = "the disk is full"
        #expect(report.document.verdict.mark == .bad)
        #expect(report.document.text(colour: false).contains("✗ failed: the disk is full"))
    }

    @Test func `a run that fell behind or missed an objective is not good`() throws {
        var report = try ReportFixture.report()
        ReportFixture.makeClean(&report)
        report.rate.lateSeconds = 0
        report.stages[0].drainSeconds = 0.9
        #expect(report.document.verdict.mark == .good)
        report.stages[0].drainSeconds = 61
        let behind = report.document.verdict
        #expect(behind.mark == .bad)
        #expect(
            behind.text
                == "completed; fell behind: ingest needed 1 min 1 s after the load had ended, "
                + "p99 14.6 ms; every message accounted for"
        )
        // Without a scenario too, the report says what broke and who noticed.
        let told = report.document.markdown()
        #expect(told.contains("fell behind: ingest needed 1 min 1 s after the load had ended"))
        #expect(told.contains("p99 14.6 ms; nobody was paged"))
        // As many events as possible leave nothing to keep up with.
        report.rate.asked = nil
        report.rate.profile = "as many as possible"
        report.input.kind = "shopper model"
        #expect(report.document.verdict.mark == .good)
    }

    @Test func `a summary fits a terminal`() throws {
        let text = try ReportFixture.report().summary.text(colour: false)
        for line in text.split(separator: "\n") {
            #expect(ReportText.width(String(line)) <= 80, "\(line)")
        }
    }

    @Test func `conservation is a sentence, folded where nothing is wrong`() throws {
        var report = try ReportFixture.report()
        let page = report.document.html()
        #expect(
            page.contains(
                "<details open>\n<summary><span class=\"warning\">each of the 2 subscriptions "
                    + "accounts for every message: acked but for ingest 4 dead-lettered; "
                    + "analytics 19 dead-lettered</span>"
            )
        )
        ReportFixture.makeClean(&report)
        #expect(report.document.html().contains("<details>\n<summary><span class=\"good\">"))
        report.subscriptions[0].conserved = false
        #expect(report.document.html().contains("<details open>\n<summary><span class=\"bad\">"))
    }

    @Test func `a stage that is busy nearly all the time is the bottleneck`() throws {
        var report = try ReportFixture.report()
        (report.stages[0].busyRatio, report.stages[1].busyRatio) = (0.97, 0.2)
        #expect(
            report.document.text(colour: false)
                .contains("  bottleneck: ingest, busy 97.00% of the time\n")
        )
        report.stages[0].busyRatio = 0.1
        #expect(
            report.document.text(colour: false)
                .contains("  no bottleneck: the busiest stage, analytics, was busy 20.00%\n")
        )
    }

    @Test(arguments: [60, 80, 120])
    func `no table and no sentence is wider than the terminal`(columns: Int) throws {
        let report = try ReportFixture.report()
        let text = report.document.text(colour: false, columns: columns)
        // Facts and lists are copied from, and stay whole.
        let whole = ["  raw store", "  input", "  conversion", "    CDNOW"]
        for line in text.split(separator: "\n") where !whole.contains(where: line.hasPrefix) {
            #expect(ReportText.width(String(line)) <= columns, "\(line)")
        }
        #expect(text.contains("  stage "))
    }

    @Test func `a run without events is neither good nor zero`() throws {
        let report = try ReportFixture.empty()
        let text = report.document.text(colour: true)
        #expect(report.document.verdict.mark == .absent)
        #expect(!text.contains("✓") && !text.contains("\u{1B}[32m"))
        #expect(text.contains("no data"))
        #expect(text.contains("–"))
        #expect(
            !report.document.html().contains("class=\"good")
                && !report.document.html().contains("number good")
        )
    }

    @Test func `months and products and rejections end with how many more there are`() throws {
        let text = try ReportFixture.report().document.text(colour: false)
        #expect(text.contains("  1998-12 "))
        #expect(!text.contains("  1999-01 "))
        #expect(text.contains("  … 6 more"))
        #expect(text.contains("  … 2 more"))
        #expect(text.contains("    CDNOW_master.txt:101:7: date: no such day"))
        #expect(text.contains("    … 4 more"))
    }

    @Test func `an estimate is marked as one`() throws {
        let text = try ReportFixture.report().document.text(colour: false)
        #expect(text.contains("  23,570\n"))
        #expect(text.contains("  ≈ 69,120\n"))
    }

    @Test func `reasons are listed by how often, then by name`() throws {
        var report = try ReportFixture.report()
        report.producers[0].rejected = ["b": 2, "c": 5, "a": 2, "never": 0]
        let text = report.document.text(colour: false)
        let places = ["c ", "a ", "b "].map { text.firstRange(of: "rejected       \($0)") }
        let starts = places.compactMap { $0?.lowerBound }
        #expect(starts.count == 3 && starts == starts.sorted())
        #expect(!text.contains("never"))
    }

    @Test func `many subscriptions are set in several tables`() throws {
        var report = try ReportFixture.report()
        report.subscriptions = (0..<14).map {
            var subscription = report.subscriptions[0]
            subscription.name = "reader-\($0)"
            return subscription
        }
        let widest = report.document.text(colour: false).split(separator: "\n")
            .map { ReportText.width(String($0)) }.max()
        #expect((widest ?? 0) <= 120)
    }

    @Test func `what the data says cannot steer the terminal`() throws {
        var report = try ReportFixture.report()
        report.pipeline = "shop\u{1B}]0;owned\u{07}\n"
        report.producers[0].rejections = ["f:1:1: \u{1B}[2J"]
        report.warehouse?.topProducts[0].product = "\u{1B}[31m日本\u{202E}"
        #expect(
            !report.document.text(colour: false).contains { $0 == "\u{1B}" || $0 == "\u{202E}" }
        )
    }
}
