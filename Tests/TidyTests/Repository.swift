import Foundation
import Testing

/// The files of the repository, without what git ignores.
enum Repository {
    static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The names at the top level.
    static let topLevel: [String] = names(in: "").sorted()

    /// Every text file, by path.
    static let files: [TextFile] = texts(below: "")

    static var swiftFiles: [SwiftFile] { parsed }

    /// The Swift files below Sources.
    static var sources: [SwiftFile] { parsed.filter { $0.file.isWithin("Sources") } }

    static func file(_ path: String) throws -> TextFile {
        try #require(files.first { $0.path == path }, "the repository has no \(path)")
    }

    private static let parsed = files.filter { $0.path.hasSuffix(".swift") }.map(SwiftFile.init)

    private static let ignored: [Substring] = {
        let text = try? String(contentsOf: root.appending(path: ".gitignore"), encoding: .utf8)
        return (text ?? "").split(whereSeparator: \.isNewline) + [".git/"]
    }()

    private static func names(in folder: String) -> [String] {
        let url = folder.isEmpty ? root : root.appending(path: folder)
        let names = try? FileManager.default.contentsOfDirectory(atPath: url.path)
        return (names ?? []).filter { name in
            !ignored.contains { IgnorePattern($0).matches(name) }
        }
    }

    private static func texts(below folder: String) -> [TextFile] {
        var texts: [TextFile] = []
        for name in names(in: folder).sorted() {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            let url = root.appending(path: path)
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
                continue
            }
            if isFolder.boolValue {
                texts += self.texts(below: path)
            } else if let text = try? String(contentsOf: url, encoding: .utf8) {
                texts.append(TextFile(path: path, text: text))
            }
        }
        return texts
    }
}

/// A line of .gitignore: a name, in which one `*` stands for any text.
struct IgnorePattern {
    private let parts: [Substring]

    init(_ line: Substring) {
        let name = line.hasSuffix("/") ? line.dropLast() : line
        parts = name.split(separator: "*", maxSplits: 1, omittingEmptySubsequences: false)
    }

    func matches(_ name: String) -> Bool {
        guard let first = parts.first, let last = parts.last else { return false }
        if parts.count == 1 { return name == first }
        return name.count >= first.count + last.count
            && name.hasPrefix(first) && name.hasSuffix(last)
    }
}
