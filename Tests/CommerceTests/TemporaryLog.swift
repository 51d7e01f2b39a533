import Commerce
import Foundation
import Timekeeping

/// A file in a folder of its own, removed when the test lets go of it.
final class TemporaryLog {
    private let folder: URL
    let path: String

    init(_ bytes: [UInt8], name: String = "log.txt") throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("weir-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appendingPathComponent(name)
        try Data(bytes).write(to: file)
        path = file.path
    }

    convenience init(_ text: String, name: String = "log.txt") throws {
        try self.init(Array(text.utf8), name: name)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }
}

/// Everything that `source` yields, in one batch, with what it rejected.
func readAll(
    _ source: inout some EventSource,
    limit: Int = 3
) throws(InputError) -> (batch: Batch, rejections: [Rejection]) {
    var builder = BatchBuilder(stream: source.stream, symbols: source.symbols, capacity: 16)
    while try source.fill(&builder, until: .distantFuture, limit: limit) != nil {}
    let rejections = builder.rejections
    return (builder.finish(schedule: .asRecorded), rejections)
}

extension Batch {
    /// The original bytes of the event at `index` as text.
    func original(_ index: Int) -> String? {
        originals.map { String(decoding: $0.bytes[$0.ranges[index]], as: UTF8.self) }
    }
}
