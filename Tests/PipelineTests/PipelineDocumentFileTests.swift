import Documents
import Foundation
import Pipeline
import Testing

/// Files that cannot be read as documents.
@Suite struct PipelineDocumentFileTests {
    @Test func `a file that is not there is not found`() {
        let error = failure(of: "/nowhere/shop.yaml")
        #expect(error?.code == .notFound)
        #expect(
            error?.description
                == "/nowhere/shop.yaml: there is no such file; expected a pipeline file"
        )
    }

    @Test func `a directory is not found as a file`() {
        let error = failure(of: "/tmp")
        #expect(error?.code == .notFound)
        #expect(
            error?.description == "/tmp: this is a directory; expected a pipeline file in it"
        )
    }

    @Test func `a file over the limit is refused`() throws {
        let error = try failure(of: Data(repeating: 0x20, count: (1 << 20) + 1))
        #expect(error?.code == .wrong)
        #expect(error?.mistakes.map(\.line) == [1])
        #expect(
            error?.mistakes.map(\.message) == [
                "the file is larger than 1 MiB; expected a pipeline file"
            ]
        )
    }

    @Test func `a byte that is not UTF-8 is told with its place`() throws {
        let error = try failure(of: Data("kind: x\nname: é".utf8) + [0xff])
        #expect(error?.code == .wrong)
        #expect(error?.mistakes.map(\.line) == [2])
        #expect(error?.mistakes.map(\.column) == [8])
        #expect(
            error?.mistakes.map(\.message) == [
                "the bytes here are not UTF-8; expected a text file in UTF-8"
            ]
        )
    }

    private func failure(of path: String) -> DocumentError? {
        do {
            _ = try PipelineDocument.read(path: path)
            return nil
        } catch {
            return error
        }
    }

    private func failure(of data: Data) throws -> DocumentError? {
        let file = FileManager.default.temporaryDirectory
            .appending(path: "weir-\(UUID().uuidString).yaml")
        try data.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return failure(of: file.path(percentEncoded: false))
    }
}
