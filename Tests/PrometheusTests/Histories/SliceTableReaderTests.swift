import Documents
import ObjectiveSamples
import Prometheus
import SLO
import Testing
import Timekeeping

@Suite struct SliceTableReaderTests {
    private static func read(_ text: String) throws -> HistoryFile {
        var reader = SliceTableReader(file: "slices.csv")
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            try reader.take(String(line), number: index + 1)
        }
        return try reader.finish()
    }

    private static let monday = SampleObjective.monday

    @Test func `starts are instants or seconds`() throws {
        let file = try Self.read(
            """
            # counts of a shop
            start,good,total
            2026-06-01T00:00:00Z,9,10
            1780272060,10,10

            1780272120.0,10,10
            2026-06-01T02:03:00+02:00,1e1,10.0
            """
        )
        #expect(file.mistakes.isEmpty)
        #expect(file.warnings.isEmpty)
        let series = try #require(file.series.first)
        #expect(series.slice == .seconds(60))
        #expect(series.slices.map(\.good) == [9, 10, 10, 10])
        #expect(series.slices.map(\.start) == (0..<4).map { Self.monday + .seconds($0 * 60) })
    }

    @Test func `an instant that no window could end at is refused, and a slice is a day at most`()
        throws
    {
        let file = try Self.read(
            """
            start,good,total
            -3000000000,1,1
            0,1,1
            4767225600,1,1
            7258118400,1,1
            """
        )
        #expect(file.mistakes.map(\.line) == [2, 5])
        #expect(file.series.first?.slices.count == 2)
        #expect(file.series.first?.slice == .seconds(86_400))
    }

    @Test func `columns stand in any order, among others, quoted and spaced`() throws {
        let file = try Self.read(
            "total, region ,\"good\",Start\n10,eu,9,\"2026-06-01T00:00:00Z\"\n"
        )
        #expect(file.mistakes.isEmpty)
        #expect(file.series[0].slices == [Slice(start: Self.monday, good: 9, total: 10)])
    }

    static let badRows: [(row: String, column: Int, says: String, fault: SliceDefect)] = [
        ("2026-06-01T00:01:00Z,2,1", 22, "good is 2 of 1", .goodExceedsTotal),
        ("2026-06-01T00:01:00Z,-1,1", 22, "below zero", .negative),
        ("2026-06-01T00:01:00Z,0,-1", 22, "below zero", .negative),
        ("2026-06-01T00:01:00Z,NaN,1", 22, "good is \"NaN\"", .unreadable),
        ("2026-06-01T00:01:00Z,1,+Inf", 24, "total is \"+Inf\"", .unreadable),
        ("2026-06-01T00:01:00Z,1,2e-999", 24, "a number of events", .unreadable),
        ("2026-06-01T00:01:00Z,1,\"2", 1, "not closed", .unreadable),
        ("2026-06-01T00:01:00Z,1.0000000001,1", 22, "at most as many", .goodExceedsTotal),
        ("2026-06-01T00:01:00Z,,1", 22, "good is \"\"", .unreadable),
        ("2026-06-01T00:01:00Z,1,1000000000001", 22, "not believed", .implausible),
        ("yesterday,1,1", 1, "not a start", .unreadable),
        ("1780272060000,1,1", 1, "not milliseconds", .unreadable),
        ("99999999999999999999,1,1", 1, "not milliseconds", .unreadable),
        ("2026-06-01T00:01:00Z,1", 1, "2 fields", .unreadable),
        ("2026-06-01T00:00:00Z,1,1", 1, "on line 2 already", .unreadable),
    ]

    @Test(arguments: badRows)
    func `a bad row is named with its place, and the rest is read on`(
        row: String,
        column: Int,
        says: String,
        fault: SliceDefect
    ) throws {
        let file = try Self.read(
            "start,good,total\n2026-06-01T00:00:00Z,1,1\n\(row)\n2026-06-01T00:02:00Z,1,1"
        )
        #expect(file.mistakes.count == 1)
        let mistake = try #require(file.mistakes.first)
        #expect(mistake.description.hasPrefix("slices.csv:3:\(column): "))
        #expect(mistake.message.contains(says), "\(mistake)")
        #expect(file.series[0].slices.count == 2)
        #expect(file.series[0].faults[fault] == 1)
    }

    @Test func `rows out of order are read in the order of their starts`() throws {
        let file = try Self.read("start,good,total\n180,1,1\n60,2,2\n120,3,3\n")
        #expect(file.series[0].slices.map(\.total) == [2, 3, 1])
        #expect(file.warnings.map(\.line) == [3])
        #expect(file.mistakes.isEmpty)
    }

    @Test func `a gap is told and not filled`() throws {
        let file = try Self.read("start,good,total\n0,1,1\n60,1,1\n120,1,1\n360,1,1\n")
        #expect(file.series[0].slice == .seconds(60))
        #expect(file.series[0].slices.count == 4)
        let gap = try #require(file.warnings.first)
        #expect(gap.line == 5)
        #expect(gap.message.contains("about 3 slices"))
    }

    @Test func `a header without its columns is refused with the name that was meant`() {
        #expect {
            try Self.read("start,god,total\n0,1,1")
        } throws: { error in
            let text = "\(error)"
            return text.hasPrefix("slices.csv:1:1: the header has no column 'good'")
                && text.contains("is it \"god\"?")
        }
        #expect(throws: DocumentError.self) { try Self.read("") }
        #expect(throws: DocumentError.self) { try Self.read("# nothing\n\n") }
    }

    @Test func `fractions are kept as they are written, to the last digit`() throws {
        // As Prometheus writes what increase() extrapolates: 17 digits of a binary fraction.
        let file = try Self.read(
            "start,good,total\n0,9.756,10\n60,44.197872287004095,44.6\n120,1,1.5e0\n"
        )
        #expect(file.mistakes.isEmpty)
        let scale = file.series[0].gathered.scale
        #expect(scale.places == 15)
        #expect(
            file.series[0].slices.map { "\(scale.events($0.good)) of \(scale.events($0.total))" }
                == ["9.756 of 10", "44.197872287004095 of 44.6", "1 of 1.5"]
        )
    }

    @Test func `a comma and a quote between quotes part no fields`() throws {
        let file = try Self.read(
            "shop,start,good,total\n\"eu, \"\"north\"\"\",0,1,2\n\"a\",\"60\",\"3\",\"4\"\n"
        )
        #expect(file.mistakes.isEmpty)
        #expect(file.series[0].slices.map(\.total) == [2, 4])
    }

    @Test func `only what is asked for is kept, however long the file is`() throws {
        // An hour before the last start, and as much again until it is worth letting go.
        let rows: Int64 = 300_000
        for end in [nil, Timestamp(seconds: 100_000 * 60)] {
            var reader = SliceTableReader(
                file: "slices.csv",
                keeping: HistoryExtent(reach: SampleObjective.hour, end: end)
            )
            try reader.take("start,good,total", number: 1)
            for row in 0..<rows {
                try reader.take("\(row * 60),\(row % 7),\(row % 7 + 1)", number: Int(row) + 2)
            }
            let file = try reader.finish()
            #expect(file.mistakes.isEmpty && file.warnings.isEmpty)
            let slices = file.series[0].slices
            #expect(slices.count < 140_000)
            let last =
                end.map { $0 - SampleObjective.minute } ?? Timestamp(seconds: (rows - 1) * 60)
            #expect(slices.last?.start == last)
            #expect(slices.count { $0.start > last - SampleObjective.hour } == 60)
        }
    }

    @Test func `a million wrong rows are counted, and the first thousand told`() throws {
        var reader = SliceTableReader(file: "slices.csv")
        try reader.take("start,good,total", number: 1)
        for row in 2..<20_002 { try reader.take("never,1,1", number: row) }
        let file = try reader.finish()
        #expect(file.mistakes.count == 1000 && file.refusedRows == 20_000)
    }

    @Test func `a start that comes again later is refused where it comes again`() throws {
        let file = try Self.read("start,good,total\n0,1,1\n120,1,1\n60,1,1\n0,2,2\n")
        #expect(file.mistakes.map(\.line) == [5])
        #expect(file.mistakes.first?.message.contains("was on line 2 already") == true)
        #expect(file.series[0].slices.map(\.total) == [1, 1, 1])
    }

    @Test func `a single row is a slice of a minute`() throws {
        let file = try Self.read("start,good,total\n0,1,1\n")
        #expect(file.series[0].slice == .seconds(60))
    }
}

extension SliceTableReader {
    mutating func take(_ line: String, number: Int) throws(DocumentError) {
        try take(Array(line.utf8)[...], number: number)
    }
}

extension CounterSeriesReader {
    mutating func take(_ line: String, number: Int) {
        take(Array(line.utf8)[...], number: number)
    }
}
