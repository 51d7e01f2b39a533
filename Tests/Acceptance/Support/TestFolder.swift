import Foundation

/// A folder of one test, below `TMPDIR`, with the stores and the inputs of its runs; removed
/// when the test lets go of it.
final class TestFolder: Sendable {
    private let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory
            .appending(path: "weir-acceptance-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    var path: String { url.path }
    var raw: StoreFile { StoreFile(path: path("raw.sqlite")) }
    var warehouse: StoreFile { StoreFile(path: path("warehouse.sqlite")) }

    /// `--raw` and `--warehouse` for the two stores of the folder.
    var storeOptions: [String] {
        ["--raw", "sqlite:\(raw.path)", "--warehouse", "sqlite:\(warehouse.path)"]
    }

    func path(_ name: String) -> String { url.appending(path: name).path }

    /// Writes a file; gives its path.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: url.appending(path: name))
        return path(name)
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try write(name, Array(text.utf8))
    }

    func text(of name: String) throws -> String {
        String(decoding: try Data(contentsOf: url.appending(path: name)), as: UTF8.self)
    }

    /// `weir run` on the folder's stores, with the summary as JSON.
    func run(
        _ arguments: [String],
        while body: (Running) async throws -> Void = { _ in }
    ) async throws -> Ending {
        let all = ["run"] + arguments + storeOptions + ["--format", "json"]
        return try await Program.run(all, while: body)
    }
}
