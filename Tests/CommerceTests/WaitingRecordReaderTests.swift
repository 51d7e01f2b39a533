import Commerce
import Testing

struct WaitingRecordReaderTests {
    private func lines(
        _ bytes: [UInt8],
        chunkSize: Int = 1 << 16,
        limit: Int = RecordReader.standardLimit
    ) throws -> [Record] {
        let log = try TemporaryLog(bytes)
        let reader = try RecordReader(
            path: log.path,
            waits: true,
            chunkSize: chunkSize,
            limit: limit
        )
        var lines: [Record] = []
        while case .record(let line) = try reader.next() {
            lines.append(line)
        }
        return lines
    }

    private func texts(_ text: String) throws -> [String] {
        try lines(Array(text.utf8)).map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test func `lines end with a line feed, with or without a carriage return, or not at all`()
        throws
    {
        #expect(try texts("a\nb\r\n\r\n\nc") == ["a", "b", "", "", "c"])
        #expect(try texts("a\n") == ["a"])
        #expect(try texts("a\rb\r\n") == ["a\rb"])
        #expect(try texts("").isEmpty)
        #expect(try texts("\n") == [""])
    }

    @Test func `a byte order mark is left out`() throws {
        #expect(try texts("\u{feff}a\n\u{feff}b") == ["a", "\u{feff}b"])
    }

    @Test func `a line that is not text is named with its byte`() throws {
        let found = try lines([97, 10, 98, 0xc3, 0x28, 10, 99, 99, 0, 10, 100])
        #expect(found.map(\.line) == [1, 2, 3, 4])
        #expect(found.map(\.rejection?.reason) == [nil, .invalidUTF8, .nulByte, nil])
        #expect(found.map(\.rejection?.column) == [nil, 2, 3, nil])
    }

    @Test func `a line up to the limit is kept, a longer one is skipped to its end`() throws {
        let text =
            "12345678\r\n123456789\n1\n" + String(repeating: "x", count: 100) + "\r\n12345678"
        for chunkSize in [1, 2, 3, 7, 8, 9, 64] {
            let found = try lines(Array(text.utf8), chunkSize: chunkSize, limit: 8)
            #expect(found.map(\.rejection?.reason) == [nil, .tooLarge, nil, .tooLarge, nil])
            #expect(found.map(\.bytes.count) == [8, 0, 1, 0, 8])
            #expect(found[3].rejection?.message.contains("has 100 bytes") == true)
        }
    }

    @Test func `a line of ten megabytes is skipped and what follows is read`() throws {
        let long = [UInt8](repeating: 120, count: 10_000_000)
        let found = try lines([97, 10] + long + [10, 98])
        #expect(found.map(\.rejection?.reason) == [nil, .tooLarge, nil])
        #expect(found.last.map { Array($0.bytes) } == [98])
    }

    @Test(arguments: 1...20)
    func `the size of the chunks changes nothing`(size: Int) throws {
        let text =
            Array("\u{feff}one\r\n\ntwo\n\r\n".utf8) + [0xff, 10, 0, 13, 10] + Array("é".utf8)
        let expected = try lines(text)
        let found = try lines(text, chunkSize: size)
        #expect(found.map { Array($0.bytes) } == expected.map { Array($0.bytes) })
        #expect(found.map(\.rejection) == expected.map(\.rejection))
        #expect(found.count == 7)
    }

    @Test func `a missing file and a directory are not found`() throws {
        let log = try TemporaryLog("x")
        let folder = String(log.path.dropLast("/log.txt".count))
        for (path, word) in [
            (log.path + "x", "no such file"), (folder, "directory"), (log.path + "/x", "no such"),
        ] {
            let error = #expect(throws: InputError.self) {
                _ = try RecordReader(path: path, waits: true)
            }
            #expect(error?.code == .notFound)
            #expect(error?.message.contains(path) == true)
            #expect(error?.message.contains(word) == true)
        }
    }
}
