import Documents
import ObjectiveSamples
import Prometheus
import SLO
import Testing
import Timekeeping

@Suite struct CounterSeriesReaderTests {
    typealias Sample = SampleObjective

    private static func read(_ text: String) throws -> HistoryFile {
        var reader = CounterSeriesReader(file: "history.om")
        for (index, line) in text.split(separator: "\n").enumerated() {
            reader.take(String(line), number: index + 1)
        }
        return try reader.finish()
    }

    @Test func `an export reads back as the history it was made of`() throws {
        let objective = try Sample.make()
        var slices: [Slice] = []
        for minute in 0..<300 where minute % 50 != 7 {
            let good = Int64(minute * 7 % 90)
            let bad = Int64(minute % 3)
            let start = Sample.monday + Sample.minute * minute
            slices.append(Slice(start: start, good: good, total: good + bad))
        }
        let history = RecordedHistory(slice: Sample.minute, components: [slices])
        var text = ""
        try HistoryExport(following: [(objective, history)]).write { text += $0 }
        #expect(text.hasSuffix("# EOF\n"))
        #expect(text.contains("slo_events_total{slo=\"sample\",result=\"good\"} 0 1780272000\n"))
        let file = try Self.read(text)
        #expect(file.mistakes.isEmpty)
        #expect(file.warnings.isEmpty)
        #expect(file.series.map(\.objective) == ["sample"])
        #expect(file.series[0].slice == Sample.minute)
        #expect(file.series[0].slices == slices)
    }

    @Test func `a counter that goes back has begun anew`() throws {
        let file = try Self.read(
            """
            # TYPE slo_events counter
            slo_events_total{slo="a",result="good"} 0 60
            slo_events_total{slo="a",result="good"} 10 120
            slo_events_total{slo="a",result="good"} 4 180
            slo_events_total{slo="a",result="bad"} 0 60
            slo_events_total{slo="a",result="bad"} 1 120
            slo_events_total{slo="a",result="bad"} 1 180
            # EOF
            """
        )
        #expect(file.series[0].slices.map(\.total) == [11, 4])
        #expect(file.series[0].faults[.reset] == 1)
        #expect(file.warnings.map(\.line) == [4])
        #expect(file.warnings[0].message.contains("went back from 10 to 4"))
    }

    /// By hand: of `a` 200 of 200 are good, of `b` 20 of 40; `b` begins anew in between.
    @Test(arguments: [false, true])
    func `series of further labels are counted one by one and added up`(
        isSwapped: Bool
    ) throws {
        func series(_ instance: String, _ good: [Int], _ bad: [Int]) -> String {
            var lines = ""
            for (result, values) in [("good", good), ("bad", bad)] {
                for (place, value) in values.enumerated() {
                    lines += "slo_events_total{instance=\"\(instance)\",slo=\"s\","
                    lines += "result=\"\(result)\"} \(value) \(60 * (place + 1))\n"
                }
            }
            return lines
        }
        let a = series("a", [1000, 1100, 1200], [5, 5, 5])
        let b = series("b", [90, 100, 10], [3, 13, 10])
        let file = try Self.read((isSwapped ? b + a : a + b) + "# EOF\n")
        #expect(file.mistakes.isEmpty)
        #expect(file.series.count == 1)
        #expect(file.series[0].slices.map(\.total) == [120, 120])
        #expect(file.series[0].slices.map(\.good) == [110, 110])
        #expect(file.series[0].slice == .seconds(60))
    }

    /// By hand: in each minute 10 of `a` and 20 of `b`, which is sampled 20 s later.
    @Test func `series that were sampled at other instants share slices`() throws {
        var lines: [String] = []
        for place in 0..<5 {
            for (pod, later, step) in [("a", 0, 10), ("b", 20, 20)] {
                for (result, value) in [("good", place * step), ("bad", 0)] {
                    lines.append(
                        "slo_events_total{slo=\"s\",pod=\"\(pod)\",result=\"\(result)\"} "
                            + "\(value) \(60 + place * 60 + later)"
                    )
                }
            }
        }
        let file = try Self.read(lines.joined(separator: "\n") + "\n# EOF\n")
        #expect(file.mistakes.isEmpty)
        #expect(file.series[0].slice == .seconds(60))
        #expect(file.series[0].slices.map(\.total).reduce(0, +) == 4 * 30)
        #expect(file.series[0].slices.map(\.total) == [10, 30, 30, 30, 20])
    }

    static let badLines: [(line: String, says: String)] = [
        ("slo_events_total{slo=\"a\",result=\"good\"} NaN 120", "the counter is NaN"),
        ("slo_events_total{slo=\"a\",result=\"good\"} -1 120", "below zero"),
        ("slo_events_total{slo=\"a\",result=\"good\"} 1", "expected a timestamp"),
        ("slo_events_total{slo=\"a\",result=\"good\"} 1 60", "on line 1 already"),
        ("slo_events_total{slo=\"a\",result=\"ugly\"} 1 120", "good or bad"),
        ("slo_events_total{result=\"good\"} 1 120", "labels slo and result"),
        ("slo_events_total{slo=\"a\" 1 120", "not a sample"),
        ("slo_events_total{slo=\"a\",result=\"good\"} 1 120", "no 'bad' sample"),
    ]

    @Test(arguments: badLines)
    func `a sample that cannot be counted is named`(line: String, says: String) throws {
        let file = try Self.read(
            """
            slo_events_total{slo="a",result="good"} 0 60
            slo_events_total{slo="a",result="bad"} 0 60
            \(line)
            # EOF
            """
        )
        #expect(file.mistakes.count == 1)
        #expect(file.mistakes[0].description.hasPrefix("history.om:3:1: "))
        #expect(file.mistakes[0].message.contains(says), "\(file.mistakes[0])")
        #expect(file.series[0].slices.isEmpty)
    }

    @Test func `more events in a slice than are believed are named`() throws {
        let file = try Self.read(
            """
            slo_events_total{slo="a",result="good"} 0 60
            slo_events_total{slo="a",result="bad"} 0 60
            slo_events_total{slo="a",result="good"} 999999999999999999 120
            slo_events_total{slo="a",result="bad"} 1 120
            # EOF
            """
        )
        #expect(file.mistakes.count == 1)
        #expect(file.mistakes[0].description.hasPrefix("history.om:3:1: "))
        #expect(file.mistakes[0].message.contains("are not believed"), "\(file.mistakes[0])")
        #expect(file.series[0].slices.isEmpty)
    }

    @Test func `labels are unescaped and other metrics passed over`() throws {
        let file = try Self.read(
            """
            other_total 7 60
            slo_events_total{slo="a \\"b\\"",result="good",job="x"} 0 60.5
            slo_events_total{slo="a \\"b\\"",result="bad",job="x"} 0 60.5 # {id="1"} 1
            # EOF
            """
        )
        #expect(file.mistakes.isEmpty)
        #expect(file.series.map(\.objective) == ["a \"b\""])
    }

    @Test func `fractions are kept as they are written`() throws {
        // 9.756 - 0 of 10, then 20.002 - 9.756 = 10.246 of 20.502 - 10.
        let file = try Self.read(
            """
            slo_events_total{slo="a",result="good"} 0 60
            slo_events_total{slo="a",result="good"} 9.756 120
            slo_events_total{slo="a",result="good"} 20.002 180
            slo_events_total{slo="a",result="bad"} 0 60
            slo_events_total{slo="a",result="bad"} 0.244 120
            slo_events_total{slo="a",result="bad"} 0.5 180
            # EOF
            """
        )
        #expect(file.mistakes.isEmpty)
        let scale = file.series[0].gathered.scale
        #expect(file.series[0].slices.map { "\(scale.events($0.good))" } == ["9.756", "10.246"])
        #expect(file.series[0].slices.map { "\(scale.events($0.total))" } == ["10", "10.502"])
    }

    @Test func `without its end mark an exposition is cut off`() throws {
        // OpenMetrics 1.0: "MUST end with EOF". What is missing, nobody knows.
        let whole = """
            slo_events_total{slo="a",result="good"} 0 60
            slo_events_total{slo="a",result="good"} 10 120
            slo_events_total{slo="a",result="bad"} 0 60
            slo_events_total{slo="a",result="bad"} 0 120
            """
        let cut = try Self.read(whole)
        #expect(cut.isTruncated && cut.refusedRows == 1)
        #expect(cut.mistakes.map(\.line) == [4])
        #expect(cut.mistakes[0].message.contains("without '# EOF'"))
        #expect(cut.series[0].slices.map(\.total) == [10])
        let ended = try Self.read(whole + "\n# EOF")
        #expect(!ended.isTruncated && ended.mistakes.isEmpty)
    }

    @Test func `what stands behind the end mark is a mistake and counts nothing`() throws {
        let file = try Self.read(
            """
            slo_events_total{slo="a",result="good"} 0 60
            slo_events_total{slo="a",result="bad"} 0 60
            # EOF
            slo_events_total{slo="a",result="good"} 5 120
            slo_events_total{slo="a",result="bad"} 5 120
            other_total 1 1
            """
        )
        #expect(file.mistakes.map(\.line) == [4, 5, 6])
        #expect(file.mistakes.allSatisfy { $0.message.contains("behind the '# EOF' on line 3") })
        #expect(file.series[0].slices.isEmpty && !file.isTruncated)
    }

    @Test func `a history in milliseconds says so`() {
        #expect {
            try Self.read(
                """
                slo_events_total{slo="a",result="good"} 0 1780272000000
                slo_events_total{slo="a",result="bad"} 0 1780272000000
                # EOF
                """
            )
        } throws: { error in
            "\(error)".contains("history.om:1:1: ")
                && "\(error)".contains("expected seconds, not milliseconds")
        }
    }

    @Test func `only what is asked for is kept, and the sample it is counted from`() throws {
        var reader = CounterSeriesReader(
            file: "history.om",
            keeping: HistoryExtent(reach: Sample.hour)
        )
        let minutes: Int64 = 200_000
        var number = 0
        for result in ["good", "bad"] {
            for minute in 0...minutes {
                number += 1
                let value = result == "good" ? minute * 3 : minute
                let line =
                    "slo_events_total{slo=\"a\",result=\"\(result)\"} \(value) \(minute * 60)"
                reader.take(line, number: number)
            }
        }
        reader.take("# EOF", number: number + 1)
        let file = try reader.finish()
        #expect(file.mistakes.isEmpty)
        let slices = file.series[0].slices
        #expect(slices.count >= 60 && slices.count < 140_000)
        #expect(slices.suffix(60).allSatisfy { $0.good == 3 && $0.total == 4 })
        #expect(slices.last?.start == Timestamp(seconds: (minutes - 1) * 60))
    }

    @Test func `without a sample it is no history`() {
        #expect(throws: DocumentError.self) { try Self.read("# EOF") }
    }
}
