internal import Foundation
internal import Stages

/// The files that `--report` names.
enum ReportFile {
    /// Writes `text` to `path`, in a folder that is made where there is none.
    ///
    /// - Throws: A `StoreError` that names the file.
    static func write(_ text: String, to path: String) throws(StoreError) {
        do {
            let target = URL(filePath: path)
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: target, options: .atomic)
        } catch {
            throw StoreError(
                .unavailable,
                "the report \(path) cannot be written: \(error.localizedDescription)"
            )
        }
    }
}
