internal import Foundation
internal import Storage
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Keeps a SQLite file for one run at a time: a lock of the system's on a file beside it, which
/// ends with the process that holds it, however that ends.
///
/// Not on the file itself: SQLite locks that for each transaction, and a second descriptor that
/// is closed takes SQLite's own locks with it.
final class RunLock: Sendable {
    private let path: String
    private let descriptor = Mutex<Int32?>(nil)

    /// The lock of the SQLite file at `path`, not taken yet.
    init(of path: String) {
        // Two names of one file are one file.
        self.path = URL(filePath: path).resolvingSymlinksInPath().path + "-run"
    }

    /// Takes the lock, where it is not held already by this very object.
    ///
    /// - Throws: `StoreError` with the code `busy` where somebody else holds it.
    func take(for store: String) throws(StoreError) {
        try descriptor.withLock { held throws(StoreError) in
            if held == nil { held = try acquire(for: store) }
        }
    }

    /// Lets go of it.
    func release() {
        descriptor.withLock { held in
            guard let descriptor = held else { return }
            // While it is still locked, so that nobody locks a file that has lost its name.
            _ = unsafe unlink(path)
            close(descriptor)
            held = nil
        }
    }

    private func acquire(for store: String) throws(StoreError) -> Int32 {
        // Who had it may be about to remove it: then there is a new one to be locked.
        for _ in 0..<100 {
            let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                throw StoreError(
                    .unavailable,
                    "\(path) cannot be made, which tells other runs that this one writes; see "
                        + "that its directory is writable"
                )
            }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let holder = RunLock.text(of: descriptor)
                close(descriptor)
                throw StoreError(
                    heldBy: holder.isEmpty ? "another run" : "another run (\(holder))",
                    store
                )
            }
            if RunLock.isFile(descriptor, at: path) {
                RunLock.write("process \(getpid())", to: descriptor)
                return descriptor
            }
            close(descriptor)
        }
        throw StoreError(heldBy: "another run", store)
    }

    private static func isFile(_ descriptor: Int32, at path: String) -> Bool {
        var opened = stat()
        var named = stat()
        guard unsafe fstat(descriptor, &opened) == 0, unsafe stat(path, &named) == 0 else {
            return false
        }
        return opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
    }

    private static func text(of descriptor: Int32) -> String {
        var bytes: [UInt8] = Array(repeating: 0, count: 64)
        let count = unsafe pread(descriptor, &bytes, bytes.count, 0)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        // Anybody may have written there.
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == " ") }
            ? text : ""
    }

    private static func write(_ text: String, to descriptor: Int32) {
        ftruncate(descriptor, 0)
        let bytes = Array(text.utf8)
        _ = unsafe pwrite(descriptor, bytes, bytes.count, 0)
    }
}
