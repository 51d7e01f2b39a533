internal import Foundation

/// Reads the text of a document from disk.
package enum DocumentFile {
    /// Larger files are refused: no document that a person writes comes near it.
    package static let maximumBytes = 1 << 20

    /// The text of the file at `path`.
    ///
    /// `kind` is what the file should be, such as `pipeline`, for messages.
    ///
    /// - Throws: ``DocumentError`` if it cannot be read, is too large or is not UTF-8.
    package static func text(at path: String, kind: String) throws(DocumentError) -> String {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw DocumentError(
                .notFound,
                "\(path): there is no such file; expected \(kind) file"
            )
        }
        guard !isDirectory.boolValue else {
            throw DocumentError(
                .notFound,
                "\(path): this is a directory; expected \(kind) file in it"
            )
        }
        let data = try bytes(at: path)
        guard data.count <= maximumBytes else {
            throw DocumentError([
                Mistake(
                    file: path,
                    line: 1,
                    column: 1,
                    message: "the file is larger than 1 MiB; expected \(kind) file"
                )
            ])
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw DocumentError([invalid(data, path)])
        }
        return text
    }

    /// The language of a document.
    package enum Language: String, Sendable {
        case yaml = "YAML"
        case sql = "SQL"

        fileprivate var endings: [String] {
            switch self {
            case .yaml: [".yaml", ".yml"]
            case .sql: [".sql"]
            }
        }
    }

    /// The file at `path` itself, or, where that is a directory, the files of `language` below it
    /// in the order of their names.
    ///
    /// - Throws: ``DocumentError`` if there is nothing, or nothing to read.
    package static func paths(
        at path: String,
        kind: String,
        language: Language = .yaml
    ) throws(DocumentError) -> [String] {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory),
            isDirectory.boolValue
        else { return [path] }
        guard let names = try? FileManager.default.subpathsOfDirectory(atPath: path) else {
            throw DocumentError(
                .unreadable,
                "\(path): the directory cannot be read; check its permissions"
            )
        }
        let files = names.filter { name in
            language.endings.contains(where: name.hasSuffix)
                && !name.split(separator: "/").contains { $0.hasPrefix(".") }
        }
        guard !files.isEmpty else {
            throw DocumentError(
                .notFound,
                "\(path): there is no \(language.rawValue) file in this directory; "
                    + "expected \(kind) file in it"
            )
        }
        let folder = path.hasSuffix("/") ? path : path + "/"
        return files.sorted().map { folder + $0 }
    }

    private static func bytes(at path: String) throws(DocumentError) -> Data {
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? handle.close() }
            return try handle.read(upToCount: maximumBytes + 1) ?? Data()
        } catch {
            throw DocumentError(
                .unreadable,
                "\(path): the file cannot be read; check its permissions"
            )
        }
    }

    /// Where the longest valid beginning of `data` ends.
    private static func invalid(_ data: Data, _ path: String) -> Mistake {
        var decoder = UTF8()
        var bytes = data.makeIterator()
        var place = DocumentPlace.start
        while case .scalarValue(let scalar) = decoder.decode(&bytes) {
            place.column += 1
            if scalar == "\n" {
                place = DocumentPlace(line: place.line + 1, column: 1)
            }
        }
        return Mistake(
            file: path,
            line: place.line,
            column: place.column,
            message: "the bytes here are not UTF-8; expected a text file in UTF-8"
        )
    }
}
