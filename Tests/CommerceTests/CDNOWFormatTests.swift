import Commerce
import Foundation
import Testing
import Timekeeping

struct CDNOWFormatTests {
    private func source(_ rows: String) throws -> LogReplay {
        let log = try TemporaryLog(rows, name: "CDNOW.txt")
        return try LogReplay(cdnow: log.path, symbols: SymbolTable())
    }

    private let log = """
         customer_id  date number_of_cds  dollar_value\r
         00001 19970103  3   10.00\r
         00001 19970103  3   10.00\r
         00002 19970101  1    0.00\r
         00003 19970230  1   11.77\r
         00004 19970102 -1   11.77\r
         00005 19970102  1   11.777\r
         00006 19970102  1\r
         00007 19970102  1   11.77 9\r
         00008 19970102  x   11.77\r

        """

    @Test func `purchases come in the order of day and line`() throws {
        var source = try source(log)
        let (batch, _) = try readAll(&source)
        #expect(batch.origin.offsets == [4, 2, 3])
        #expect(batch.events.map(\.sequence) == [4, 2, 3])
        #expect(batch.events.map(\.value) == [0, 1000, 1000])
        #expect(batch.events.allSatisfy { $0.name == .purchase && $0.currency == .usd })
        #expect(Set(batch.events.map(\.id)).count == 3)
        #expect(batch.events[1].time.description == "1997-01-03T00:00:00Z")
        #expect(batch.events[1].subject == batch.events[1].transaction)
        #expect(Set(batch.events.map(\.transaction)).count == 3)
        #expect(batch.events[1].user == batch.events[2].user)
        #expect(batch.symbols.text(of: batch.events[0].user, in: .user) == "00002")
        #expect(batch.symbols.text(of: batch.events[0].source, in: .text) == "/log:cdnow")
        #expect(batch.items.map(\.quantity) == [1, 3, 3])
        #expect(batch.items.map(\.price) == [0, 333, 333])
        #expect(batch.original(0) == " 00002 19970101  1    0.00")
        #expect(source.symbols.text(of: source.stream, in: .text).hasPrefix("log:CDNOW.txt#"))
    }

    @Test func `a bad row is named and the others are read`() throws {
        var source = try source(log)
        let (_, rejections) = try readAll(&source, limit: 1)
        #expect(rejections.map(\.line) == [5, 6, 7, 8, 9, 10])
        #expect(
            rejections.map(\.reason) == [
                "bad-date", "negative-count", "bad-money", "too-few-fields", "too-many-fields",
                "bad-count",
            ]
        )
        #expect(rejections.map(\.column) == [8, 17, 22, nil, 28, 18])
        #expect(
            rejections.map(\.field) == [
                "date", "number_of_cds", "dollar_value", nil, nil, "number_of_cds",
            ]
        )
    }

    @Test func `a purchase waits for its day`() throws {
        var source = try source(log)
        var builder = BatchBuilder(stream: source.stream, symbols: source.symbols, capacity: 4)
        let first = try #require(Timestamp(rfc3339: "1997-01-01T00:00:00Z"))
        let third = try #require(Timestamp(rfc3339: "1997-01-03T00:00:00Z"))
        #expect(try source.fill(&builder, until: .distantPast, limit: 5) == first)
        #expect(builder.events.isEmpty)
        #expect(try source.fill(&builder, until: first, limit: 5) == third)
        #expect(try source.fill(&builder, until: third, limit: 1) == third)
        #expect(try source.fill(&builder, until: third, limit: .max) == nil)
        #expect(builder.events.count == 3)
    }

    @Test func `a file of another format or beyond the limit is refused`() throws {
        let strange = #expect(throws: InputError.self) {
            _ = try source(String(repeating: "{}\n", count: 20_000))
        }
        #expect(strange?.code == .wrongFormat)
        let file = try TemporaryLog(log)
        let large = #expect(throws: InputError.self) {
            _ = try LogReplay(cdnow: file.path, symbols: SymbolTable(), sizeLimit: 60)
        }
        #expect(large?.code == .wrongFormat)
        #expect(large?.message.contains("more than 60 bytes") == true)
    }

    private static let realLog = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: ".weir/data/CDNOW_master.txt").path

    @Test(.enabled(if: FileManager.default.fileExists(atPath: realLog)))
    func `the real log has the figures that are known of it`() throws {
        var source = try LogReplay(cdnow: CDNOWFormatTests.realLog, symbols: SymbolTable())
        let (batch, rejections) = try readAll(&source, limit: 512)
        #expect(rejections.isEmpty)
        #expect(batch.count == 69_659)
        #expect(batch.items.reduce(0) { $0 + Int($1.quantity) } == 167_881)
        #expect(batch.events.reduce(0) { $0 + $1.value } == 250_031_563)
        #expect(Set(batch.events.map(\.user)).count == 23_570)
        let february = try #require(Timestamp(rfc3339: "1997-02-01T00:00:00Z"))
        let january = batch.events.filter { $0.time < february }
        #expect(january.count == 8928)
        #expect(january.reduce(0) { $0 + $1.value } == 29_906_017)
        #expect(Set(january.map(\.user)).count == 7846)
    }
}
