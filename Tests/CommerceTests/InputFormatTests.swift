import Commerce
import Testing

struct InputFormatTests {
    @Test(
        arguments: [
            (".weir/data/CDNOW_master.txt", InputFormat.cdnow), ("/a/b.ndjson", .ndjson),
            ("b.JSONL", .ndjson), ("b.csv", .csv), ("cdnow.csv", .csv), ("b.tsv", .csv),
            ("b.txt", nil), ("-", nil), ("", nil), ("csv", .csv),
        ] as [(String, InputFormat?)]
    )
    func `the name of a file tells its format`(path: String, format: InputFormat?) {
        #expect(InputFormat.guess(from: path) == format)
    }

    @Test func `a log is opened by its name or by the format given`() throws {
        let symbols = SymbolTable()
        let log = try TemporaryLog("customer_id date\n1 19970101 1 2.00\n", name: "cdnow.txt")
        var guessed = try openInput(path: log.path, format: nil, mapping: nil, symbols: symbols)
        #expect(guessed is LogReplay)
        #expect(try readAll(&guessed).batch.count == 1)
        let given = try openInput(path: log.path, format: .ndjson, mapping: nil, symbols: symbols)
        #expect(given is LogReplay)
    }

    @Test func `a CSV file needs a mapping and an unknown name a format`() throws {
        for (name, word) in [("a.csv", "mapping"), ("a.txt", "cdnow, ndjson, csv")] {
            let log = try TemporaryLog("a,b\n", name: name)
            let error = #expect(throws: InputError.self) {
                _ = try openInput(path: log.path, format: nil, mapping: nil, symbols: SymbolTable())
            }
            #expect(error?.code == .wrongFormat)
            #expect(error?.message.contains(word) == true)
        }
    }

    @Test func `a file that is not there is told before its format is asked for`() {
        for path in ["nowhere.csv", "nowhere.txt", "/"] {
            let error = #expect(throws: InputError.self) {
                _ = try openInput(path: path, format: nil, mapping: nil, symbols: SymbolTable())
            }
            #expect(error?.code == .notFound)
        }
    }
}
