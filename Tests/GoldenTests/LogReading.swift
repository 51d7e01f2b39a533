import Commerce
import Foundation
import Pipeline
import Testing
import Timekeeping

/// What is said while a log is read.
struct LogReading {
    /// The rejections, each with its class, and how many events there were.
    let said: [String]

    /// Reads one case as the format that the file's name tells: `cdnow-*`, `ndjson-*` or `csv-*`,
    /// where the log follows a pipeline with its mapping, after a line `---`.
    init(_ one: GoldenFile.Case, of file: GoldenFile) throws {
        let name = file.input.lastPathComponent
        var log = one.text
        var offset = one.offset
        var mapping: CSVMapping?
        var format = InputFormat.cdnow
        if name.hasPrefix("ndjson") { format = .ndjson }
        if name.hasPrefix("csv") {
            format = .csv
            let end = try #require(log.range(of: "---\n"))
            mapping = try PipelineDocument.parse(
                text: String(log[..<end.lowerBound]),
                file: "this file"
            ).csv
            let blank = log[end.upperBound...].prefix { $0 == "\n" }
            offset = log[..<blank.endIndex].count { $0 == "\n" }
            log = String(log[blank.endIndex...])
        }
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "weir-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "log").path
        try Data(log.utf8).write(to: URL(filePath: path))
        do throws(InputError) {
            var source = try openInput(
                path: path,
                format: format,
                mapping: mapping,
                symbols: SymbolTable()
            )
            said = try Self.read(&source, offset)
        } catch {
            said = [error.description.replacing(path, with: "this file")]
        }
    }

    private static func read(
        _ source: inout some EventSource,
        _ offset: Int
    ) throws(InputError) -> [String] {
        let symbols = source.symbols
        var builder = BatchBuilder(stream: source.stream, symbols: symbols, capacity: 16)
        while try source.fill(&builder, until: .distantFuture, limit: 64) != nil {}
        let said = builder.rejections.map { rejection in
            var rejection = rejection
            rejection.file = ""
            rejection.line += offset
            return "\(rejection.description.dropFirst()) [\(rejection.reason)]"
        }
        let events = builder.finish(schedule: .asRecorded).count
        return said + ["\(events) events"]
    }
}
