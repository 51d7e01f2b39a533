import Commerce
import Testing
import Timekeeping

struct NDJSONSourceTests {
    private func line(_ id: String, second: Int, extra: String = "") -> String {
        #"{"specversion":"1.0","id":"\#(id)","source":"/s","type":"search","#
            + #""time":"1997-01-01T00:00:0\#(second)Z"\#(extra)}"#
    }

    private func source(_ text: String) throws -> (LogReplay, TemporaryLog) {
        let log = try TemporaryLog(text, name: "events.ndjson")
        return (try LogReplay(ndjson: log.path, symbols: SymbolTable()), log)
    }

    private func second(_ second: Int64) -> Timestamp { Timestamp(seconds: 852_076_800 + second) }

    @Test func `events come in the order of the file, with their lines as offsets`() throws {
        let text = [
            line("a", second: 3), "", line("b", second: 1, extra: #","sequence":"9""#), "{",
            line("a", second: 4), "",
        ].joined(separator: "\r\n")
        var (source, _) = try source(text)
        let (batch, rejections) = try readAll(&source)
        #expect(batch.events.map(\.time) == [second(3), second(1), second(4)])
        #expect(batch.events.map(\.sequence) == [1, 9, 5])
        #expect(batch.origin.offsets == [1, 3, 5])
        #expect(source.symbols.text(of: source.stream, in: .text).hasPrefix("log:events.ndjson#"))
        #expect(batch.original(1) == line("b", second: 1, extra: #","sequence":"9""#))
        #expect(rejections.map(\.line) == [4])
        #expect(rejections.map(\.reason) == ["not-json"])
        #expect(rejections.map(\.file) == ["events.ndjson"])
    }

    @Test func `an event waits until it is due`() throws {
        var (source, _) = try source(
            (1...4).map { line("\($0)", second: $0) }.joined(separator: "\n")
        )
        var builder = BatchBuilder(stream: source.stream, symbols: source.symbols, capacity: 4)
        #expect(try source.fill(&builder, until: .distantFuture, limit: 0) == second(1))
        #expect(try source.fill(&builder, until: second(2), limit: 9) == second(3))
        #expect(builder.events.count == 2)
        #expect(try source.fill(&builder, until: second(9), limit: 1) == second(4))
        #expect(builder.events.count == 3)
        #expect(try source.fill(&builder, until: second(9), limit: 1) == nil)
        #expect(try source.fill(&builder, until: second(9), limit: 1) == nil)
        #expect(builder.events.count == 4)
    }

    @Test func `the id is read back from the original where it is no UUID`() throws {
        let uuid = "00c6638a-b000-7000-8000-000000000002"
        var (source, _) = try source(
            [line(#"\"é 1"#, second: 1), line(uuid, second: 1)].joined(separator: "\n")
        )
        let (batch, _) = try readAll(&source)
        #expect(batch.idText(of: 0) == "\"é 1")
        #expect(batch.idText(of: 1) == uuid)
        #expect(batch.originalJSON(of: 1).map { Array($0) } == Array(line(uuid, second: 1).utf8))
        var bytes: [UInt8] = []
        CloudEventEncoder().append(0, of: batch, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self).contains(#""id":"\"é 1""#))
    }

    @Test func `an event over a mebibyte, a NUL and what is not UTF-8 are named`() throws {
        let long = String(repeating: "x", count: 1 << 20)
        let sound = Array(line("a", second: 1).utf8)
        let text =
            Array(line("b", second: 1, extra: #","subject":"\#(long)""#).utf8) + [10]
            + [123, 0xff, 10] + [123, 34, 0, 10] + sound
        let log = try TemporaryLog(text)
        var source = try LogReplay(ndjson: log.path, symbols: SymbolTable())
        let (batch, rejections) = try readAll(&source)
        #expect(batch.count == 1)
        #expect(rejections.map(\.reason) == ["too-large", "invalid-utf8", "nul-byte"])
        #expect(rejections.map(\.line) == [1, 2, 3])
        #expect(rejections.map(\.column) == [nil, 2, 3])
    }

    @Test func `many bad lines are told in portions`() throws {
        let bad = String(repeating: "{\n", count: 5000)
        var (source, _) = try source(line("a", second: 1) + "\n" + bad + line("b", second: 2))
        var builder = BatchBuilder(stream: source.stream, symbols: source.symbols, capacity: 4)
        #expect(try source.fill(&builder, until: .distantFuture, limit: 100) == second(1))
        #expect(builder.rejections.count < 5000)
        var told = builder.rejections.count
        builder.rejections = []
        while try source.fill(&builder, until: .distantFuture, limit: 100) != nil {
            told += builder.rejections.count
            builder.rejections = []
        }
        #expect(told + builder.rejections.count == 5000)
        #expect(builder.events.count == 2)
    }

    @Test func `a file of another format is not read to its end`() throws {
        var (source, _) = try source(String(repeating: "1,2,3\n", count: 20_000))
        let error = #expect(throws: InputError.self) { try readAll(&source) }
        #expect(error?.code == .wrongFormat)
    }

    @Test func `a purchase with an empty transaction id is left to the rules`() throws {
        let text = line("a", second: 1, extra: #","data":{"transaction_id":"","items":[{}]}"#)
            .replacing("search", with: "purchase")
        var (source, _) = try source(text)
        let (batch, rejections) = try readAll(&source)
        #expect(rejections.isEmpty)
        let violations = EventRules.standard.violations(in: batch, 0..<1, latest: .distantFuture)
        #expect(violations.map(\.violation) == [.transactionEmpty])
    }
}
