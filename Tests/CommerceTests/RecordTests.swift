import Commerce
import Testing
import Timekeeping

/// Records of RFC 4180, over every door of a log.
struct RecordTests {
    private let notes = CSVMapping.orders(time: "at") {
        $0.id = "order"
        $0.amount = .value(column: "total")
    }

    /// By hand: 10.00 + 5.00; what a customer wrote on lines 2 to 4 is not a row.
    @Test(arguments: LogDoor.allCases)
    func `a line break within quotes is text`(door: LogDoor) throws {
        let text = """
            order,at,customer,total,note
            1,2026-01-05T10:00:00Z,ann,10.00,"see below
            2,2026-01-05T10:01:00Z,bob,99.00,forwarded
            thanks"
            3,2026-01-05T10:02:00Z,cyd,5.00,ok

            """
        for text in [text, text.replacing("\n", with: "\r\n")] {
            let (batch, rejections) = try door.read(text, as: .csv, mapping: notes)
            #expect(rejections.isEmpty)
            #expect(batch.sales == ["purchase 10.00 x1", "purchase 5.00 x1"])
            #expect(batch.origin.offsets == [2, 5])
        }
    }

    @Test(arguments: LogDoor.allCases)
    func `a quote that is never closed is reported with its place, and what it holds is not a row`(
        door: LogDoor
    ) throws {
        let text = """
            order,at,customer,total,note
            1,2026-01-05T10:00:00Z,ann,10.00,ok
            2,2026-01-05T10:00:00Z,bob,7.00,"see
            3,2026-01-05T10:01:00Z,cyd,99.00,forwarded
            4,2026-01-05T10:02:00Z,dan,5.00,ok

            """
        let (batch, rejections) = try door.read(text, as: .csv, mapping: notes)
        #expect(batch.sales == ["purchase 10.00 x1"])
        #expect(rejections.map(\.reason) == ["bad-quotes"])
        // The quote after `2,2026-01-05T10:00:00Z,bob,7.00,`.
        #expect(rejections.map(\.line) == [3])
        #expect(rejections.map(\.column) == [33])
        #expect(rejections[0].message.contains("lines 3 to 6 are not rows"))
    }

    @Test func `a mistake on a later line of a record is reported there`() throws {
        let text = """
            note,order,at,customer,total
            "one
            two",1,2026-01-05,ann,10.00
            x,2,2026-01-05T10:02:00Z,dan,5.00

            """
        let (batch, rejections) = try LogDoor.file.read(text, as: .csv, mapping: notes)
        #expect(batch.count == 1)
        #expect(rejections.map(\.line) == [3])
        // `two",1,` is seven bytes.
        #expect(rejections.map(\.column) == [8])
    }

    @Test func `a record over the limit is skipped to its end, whatever it quotes`() throws {
        let long = String(repeating: "9,2026-01-05T10:01:00Z,bob,99.00,x\n", count: 40_000)
        let text =
            "order,at,customer,total,note\n1,2026-01-05T10:00:00Z,ann,10.00,\"\(long)\"\n"
            + "3,2026-01-05T10:02:00Z,cyd,5.00,ok\n"
        let (batch, rejections) = try LogDoor.file.read(text, as: .csv, mapping: notes)
        #expect(batch.sales == ["purchase 5.00 x1"])
        #expect(rejections.map(\.reason) == ["too-large"])
        #expect(rejections.map(\.line) == [2])
        #expect(rejections[0].message.contains("the record on lines 2 to 40002 has"))
    }

    @Test(arguments: 1...24)
    func `the size of the chunks changes no record`(size: Int) throws {
        let text = "a,\"b\"\"\r\n,\"\"\"\r\nc,\"\"\n\"\n\n\",d\ne,f\"g\nh"
        let log = try TemporaryLog(text)
        func records(_ size: Int) throws -> [String] {
            let reader = try RecordReader(
                path: log.path,
                delimiter: UInt8(ascii: ","),
                chunkSize: size
            )
            var found: [String] = []
            while case .record(let record) = try reader.next() {
                let bytes = String(decoding: record.bytes, as: UTF8.self)
                found.append("\(record.line)-\(record.lastLine) \(record.isTerminated) \(bytes)")
            }
            return found
        }
        let expected = [
            "1-2 true a,\"b\"\"\r\n,\"\"\"", "3-3 true c,\"\"", "4-6 true \"\n\n\",d",
            "7-7 true e,f\"g", "8-8 false h",
        ]
        #expect(try records(size) == expected)
    }

    // MARK: - The last row

    /// A log that is read while it is written: `…,12` may be the beginning of `…,1250.00`.
    @Test(arguments: LogDoor.allCases)
    func `a last row without a line end is named and not counted`(door: LogDoor) throws {
        let text = """
            order,at,customer,total,note
            1,2026-01-05T10:00:00Z,ann,5.00,
            2,2026-01-05T10:00:00Z,bob,12
            """
        var mapping = notes
        let short = try door.read(
            text.replacing(",note", with: "").replacing("5.00,", with: "5.00"),
            as: .csv,
            mapping: mapping
        )
        #expect(short.batch.sales == ["purchase 5.00 x1"])
        #expect(short.rejections.map(\.reason) == ["unterminated"])
        #expect(short.rejections.map(\.line) == [3])
        mapping.lastRowIsWhole = true
        let whole = try door.read(
            text.replacing(",note", with: "").replacing("5.00,", with: "5.00"),
            as: .csv,
            mapping: mapping
        )
        #expect(whole.batch.sales == ["purchase 5.00 x1", "purchase 12.00 x1"])

        let cdnow = "1 19970101 1 2.00\n2 19970102 1 12"
        let cut = try door.read(cdnow, as: .cdnow)
        #expect(cut.batch.sales == ["purchase 2.00 x1"])
        #expect(cut.rejections.map(\.reason) == ["unterminated"])
        var options = LogOptions()
        options.lastRowIsWhole = true
        #expect(try door.read(cdnow, as: .cdnow, options: options).batch.count == 2)

        // An object says itself where it ends.
        let object =
            #"{"specversion":"1.0","id":"1","source":"/s","type":"search","#
            + #""time":"1997-01-01T00:00:00Z"}"#
        #expect(try door.read("\(object)\n\(object)", as: .ndjson).batch.count == 2)
        let half = try door.read("\(object)\n\(object.dropLast())", as: .ndjson)
        #expect(half.batch.count == 1)
        #expect(half.rejections.map(\.reason) == ["not-json"])
        #expect(half.rejections[0].message.contains("it may be cut off"))
    }

    // MARK: - No text

    @Test(
        arguments: [
            ([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], "PNG"),
            ([0x1f, 0x8b, 8, 0, 0, 0, 0, 0], "gzip"), (Array("PK\u{3}\u{4}zip".utf8), "ZIP"),
            ([0xff, 0xfe, 0x61, 0], "UTF-16"), (Array("SQLite format 3\0".utf8), "SQLite"),
        ] as [([UInt8], String)]
    )
    func `a file that is not text is refused for what it is`(bytes: [UInt8], word: String) throws {
        let rest = [UInt8](repeating: 10, count: 100)
        let log = try TemporaryLog(bytes + rest)
        for format in InputFormat.allCases {
            let error = #expect(throws: InputError.self) {
                var source = try openInput(
                    path: log.path,
                    format: format,
                    mapping: notes,
                    symbols: SymbolTable()
                )
                _ = try readAll(&source)
            }
            #expect(error?.code == .wrongFormat)
            #expect(error?.message.contains(word) == true)
        }
    }
}
