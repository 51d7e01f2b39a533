import Collector
import Foundation
import Stages
import Testing

@Suite("A journal in a folder")
struct JournalFolderTests {
    private static func withFolder(
        _ body: (String) async throws -> Void
    ) async throws {
        let path = NSTemporaryDirectory() + "journal-\(UUID().uuidString)/of/clients"
        defer {
            let top = URL(filePath: path).deletingLastPathComponent().deletingLastPathComponent()
            try? FileManager.default.removeItem(at: top)
        }
        try await body(path)
    }

    @Test("what was appended is there for the next run, but for a line that was cut off")
    func kept() async throws {
        try await Self.withFolder { path in
            let first = JournalFolder(path: path)
            #expect(try await first.open().isEmpty)
            try await first.append(Array("one\ntwo\n".utf8), to: 1)
            try await first.append(Array("three\n".utf8), to: 1)
            try await first.takeBack(6, of: 1)
            try await first.append(Array("four\n".utf8), to: 2)
            await first.close()
            let file = try #require(FileHandle(forWritingAtPath: path + "/segment-2.ndjson"))
            try file.seekToEnd()
            try file.write(contentsOf: Data("fi".utf8))
            let next = JournalFolder(path: path)
            #expect(try await next.open() == [1, 2])
            #expect(try await next.lines(of: 1) == Array("one\ntwo\n".utf8))
            #expect(try await next.lines(of: 2) == Array("four\n".utf8))
            try await next.remove(1)
            await next.close()
            let last = JournalFolder(path: path)
            #expect(try await last.open() == [2])
            await last.close()
        }
    }

    @Test("two runs do not share one")
    func lock() async throws {
        try await Self.withFolder { path in
            let first = JournalFolder(path: path)
            _ = try await first.open()
            let second = JournalFolder(path: path)
            let error = await #expect(throws: JournalError.self) { _ = try await second.open() }
            #expect(error?.description.contains("another run") == true)
            await first.close()
            #expect(try await second.open().isEmpty)
            await second.close()
        }
    }

    @Test("a folder that cannot be made is named")
    func unmade() async throws {
        let journal = JournalFolder(path: "/proc/journal")
        let error = await #expect(throws: JournalError.self) { _ = try await journal.open() }
        #expect(error?.description.contains("/proc/journal") == true)
    }
}
