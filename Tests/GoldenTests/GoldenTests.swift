import Commerce
import Datasets
import Documents
import Experiments
import Foundation
import OpenSLO
import Pipeline
import Testing

/// What is said about wrong documents is what the files of `Tests/Golden` say.
@Suite struct GoldenTests {
    private static func place(_ mistake: Mistake, in one: GoldenFile.Case) -> String {
        "\(mistake.line + one.offset):\(mistake.column): \(mistake.message)"
    }

    @Test(arguments: GoldenFile.all(in: "openslo"))
    func `OpenSLO documents`(file: GoldenFile) async throws {
        try await file.compare { one in
            let reading = OpenSLO.read([OpenSLO.SourceText(file: "this file", text: one.text)])
            if !reading.mistakes.isEmpty { return reading.mistakes.map { Self.place($0, in: one) } }
            let doubts = reading.warnings + ObjectiveLint.warnings(for: reading.set)
            return doubts.sorted().map { "warning: " + Self.place($0, in: one) }
        }
    }

    @Test(arguments: GoldenFile.all(in: "pipelines"))
    func `pipelines`(file: GoldenFile) async throws {
        try await file.compare { one in
            do throws(DocumentError) {
                let document = try PipelineDocument.parse(text: one.text, file: "this file")
                return document.warnings.map { "warning: " + Self.place($0, in: one) }
            } catch {
                return error.mistakes.map { Self.place($0, in: one) }
            }
        }
    }

    @Test(arguments: GoldenFile.all(in: "scenarios"))
    func `scenarios of an hour of the storefront`(file: GoldenFile) async throws {
        let repository = GoldenFile.root.deletingLastPathComponent().deletingLastPathComponent()
        let path = repository.appending(path: "pipelines/storefront.yaml").path
        let storefront = try PipelineDocument.read(path: path)
        try await file.compare { one in
            do throws(DocumentError) {
                _ = try ScenarioDocument.parse(
                    text: one.text,
                    file: "this file",
                    for: storefront,
                    lasting: .seconds(3600)
                )
                return []
            } catch {
                return error.mistakes.map { Self.place($0, in: one) }
            }
        }
    }

    @Test(arguments: GoldenFile.all(in: "invariants"))
    func `invariants`(file: GoldenFile) async throws {
        try await file.compare { one in
            InvariantReader.read([("this file", one.text)]).mistakes.map { Self.place($0, in: one) }
        }
    }

    @Test(arguments: GoldenFile.all(in: "logs"))
    func `logs`(file: GoldenFile) async throws {
        try await file.compare { one in try LogReading(one, of: file).said }
    }

    @Test func `every file has its counterpart, and says something`() throws {
        let kinds = ["commands", "invariants", "logs", "openslo", "pipelines", "scenarios"]
        #expect(GoldenFile.names(in: "") == kinds)
        for kind in kinds {
            let names = GoldenFile.names(in: kind)
            #expect(!names.isEmpty)
            let inputs = GoldenFile.all(in: kind).map(\.output.lastPathComponent)
            let outputs = names.filter { $0.hasSuffix(".out") }
            #expect(
                inputs == outputs,
                "each .in file of \(kind) needs an .out file, and vice versa"
            )
            #expect(inputs.count + outputs.count == names.count)
            for name in names {
                let file = GoldenFile.root.appending(path: "\(kind)/\(name)")
                #expect(try !Data(contentsOf: file).isEmpty, "\(kind)/\(name) is empty")
            }
        }
    }

    @Test func `a difference shows the lines that differ`() {
        #expect(GoldenFile.difference(from: "a\nb\nc", to: "a\nx\nc\nd") == "-2: b\n+2: x\n+4: d")
    }
}
