import Foundation
import Testing

/// A file of wrong documents, `NAME.in.EXTENSION`, and beside it what is said about them,
/// `NAME.out`.
///
/// Lines that begin with `# ===` or `-- ===` divide an input into cases, and give them titles.
/// What stands before the first of them is the head, with which every case begins.
struct GoldenFile: CustomTestStringConvertible, Sendable {
    /// One document.
    struct Case {
        /// Empty where the file is one case.
        var title: String
        /// What the head and the case say.
        ///
        /// Where there is a head, empty lines stand between, so that a line has the number that it
        /// has in the file.
        var text: String
        /// How many lines of the file stand before the first of `text`.
        var offset: Int
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Golden")

    let input: URL

    var testDescription: String { input.lastPathComponent }

    var output: URL {
        let name = input.lastPathComponent.prefix { $0 != "." }
        return input.deletingLastPathComponent().appending(path: "\(name).out")
    }

    /// The inputs of a folder of `Tests/Golden`, in the order of their names.
    static func all(in folder: String) -> [GoldenFile] {
        names(in: folder).filter { $0.contains(".in.") }.map {
            GoldenFile(input: root.appending(path: "\(folder)/\($0)"))
        }
    }

    static func names(in folder: String) -> [String] {
        let path = root.appending(path: folder).path
        return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    func cases() throws -> [Case] {
        let text = try String(contentsOf: input, encoding: .utf8)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        let starts = lines.indices.filter { Self.title(lines[$0]) != nil }
        guard let first = starts.first else { return [Case(title: "", text: text, offset: 0)] }
        let head = lines[..<first]
        return zip(starts, starts.dropFirst() + [lines.count]).map { start, end in
            let own = lines[(start + 1)..<end]
            let blank = Array(repeating: Substring(""), count: start + 1 - first)
            let all = head.isEmpty ? Array(own) : Array(head) + blank + Array(own)
            return Case(
                title: Self.title(lines[start]) ?? "",
                text: all.map { $0 + "\n" }.joined(),
                offset: head.isEmpty ? start + 1 : 0
            )
        }
    }

    private static func title(_ line: Substring) -> String? {
        for mark in ["# === ", "-- === "] where line.hasPrefix(mark) {
            return String(line.dropFirst(mark.count))
        }
        return nil
    }

    /// Holds what `say` says about each case to the output, or writes the output anew where
    /// `WEIR_REWRITE_GOLDEN` is set.
    func compare(_ say: (Case) async throws -> [String]) async throws {
        var text = ""
        for one in try cases() {
            let said = try await say(one)
            if !one.title.isEmpty { text += "=== \(one.title)\n" }
            text += (said.isEmpty ? ["(nothing)"] : said).map { $0 + "\n" }.joined()
        }
        if ProcessInfo.processInfo.environment["WEIR_REWRITE_GOLDEN"] != nil {
            try Data(text.utf8).write(to: output)
            return
        }
        let expected = (try? String(contentsOf: output, encoding: .utf8)) ?? ""
        if text != expected {
            Issue.record(
                """
                \(output.lastPathComponent) says otherwise (- the file, + this build). Where the \
                new text is right: WEIR_REWRITE_GOLDEN=1 swift test --filter GoldenTests
                \(Self.difference(from: expected, to: text))
                """
            )
        }
    }

    /// The lines that differ, each with its number.
    static func difference(from old: String, to new: String) -> String {
        let old = old.split(separator: "\n", omittingEmptySubsequences: false)
        let new = new.split(separator: "\n", omittingEmptySubsequences: false)
        let changes = new.difference(from: old).map { change in
            switch change {
            case .remove(let line, let text, _): (line, 0, "-\(line + 1): \(text)")
            case .insert(let line, let text, _): (line, 1, "+\(line + 1): \(text)")
            }
        }
        return changes.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2).joined(separator: "\n")
    }
}
