internal import Foundation
internal import Stages

/// The files that `--report` names.
enum ReportFile {
    /// Writes `text` to `path`, in a folder that is made where there is none.
    ///
    /// A file is replaced whole. A link, a pipe or a device is written through and stays what it
    /// is.
    ///
    /// - Throws: A `StoreError` that names the file.
    static func write(_ text: String, to path: String) throws(StoreError) {
        let data = Data(SecretArguments.masked(text).utf8)
        do {
            let target = URL(filePath: path)
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            if isFile(path) {
                try data.write(to: target, options: .atomic)
            } else {
                try through(path, data)
            }
        } catch {
            let reason = (error as? Refusal)?.reason ?? error.localizedDescription
            throw StoreError(.unavailable, "the report \(path) cannot be written: \(reason)")
        }
    }

    private struct Refusal: Error {
        let code = errno

        var reason: String {
            code == ENXIO ? "nobody reads from the pipe" : String(cString: strerror(code))
        }
    }

    /// Whether a file, and no link to one, or nothing is there.
    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
    }

    private static func through(_ path: String, _ data: Data) throws {
        // A pipe that nobody reads from would be waited for without end.
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Refusal() }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try file.write(contentsOf: data)
        try file.close()
    }
}
