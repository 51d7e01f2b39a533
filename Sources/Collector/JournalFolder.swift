internal import NIOPosix
package import Stages
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A journal in a folder: a file a segment, which only its owner may read, and a lock.
package final class JournalFolder: CollectorJournal {
    private struct State {
        /// Keeps other runs out as long as it is open.
        var lock: Int32?
        /// The segment that is written to, and how long it is.
        var file: (segment: Int, descriptor: Int32, length: Int)?
    }

    private let path: String
    // Files are waited for on a thread of its own, which is no turn of the stages.
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let state = Mutex(State())

    /// The journal at `path`, a folder that is made where it is missing.
    package init(path: String) {
        self.path = path
        thread.start()
    }

    deinit { try? thread.syncShutdownGracefully() }

    package func open() async throws(JournalError) -> [Int] {
        try await run { journal, state throws(JournalError) in
            try journal.makeFolder()
            let lock = try journal.file(named: "lock", O_CREAT | O_RDWR)
            guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
                closeFile(lock)
                throw JournalError(
                    "another run has the collector's journal \(journal.path); end it, or give "
                        + "this collector a journal of its own"
                )
            }
            state.lock = lock
            return try journal.segments()
        }
    }

    package func lines(of segment: Int) async throws(JournalError) -> [UInt8] {
        try await run { journal, _ throws(JournalError) in
            let file = try journal.file(named: Self.name(segment), O_RDONLY)
            defer { closeFile(file) }
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 1 << 18)
            while true {
                let count = read(file, &chunk, chunk.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw journal.failure("cannot be read", of: segment) }
                guard count > 0 else { break }
                bytes.append(contentsOf: chunk[..<count])
            }
            let end = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            bytes.removeSubrange(end...)
            return bytes
        }
    }

    package func append(_ lines: [UInt8], to segment: Int) async throws(JournalError) {
        try await run { journal, state throws(JournalError) in
            var file = try journal.file(of: segment, &state)
            guard writeAll(lines, to: file.descriptor), fdatasync(file.descriptor) == 0 else {
                let failure = journal.failure("cannot be written", of: segment)
                _ = ftruncate(file.descriptor, off_t(file.length))
                throw failure
            }
            file.length += lines.count
            state.file = file
        }
    }

    package func takeBack(_ count: Int, of segment: Int) async throws(JournalError) {
        try await run { journal, state throws(JournalError) in
            var file = try journal.file(of: segment, &state)
            file.length -= count
            guard ftruncate(file.descriptor, off_t(file.length)) == 0,
                fdatasync(file.descriptor) == 0
            else { throw journal.failure("cannot be cut", of: segment) }
            state.file = file
        }
    }

    package func remove(_ segment: Int) async throws(JournalError) {
        try await run { journal, state throws(JournalError) in
            if let file = state.file, file.segment == segment {
                closeFile(file.descriptor)
                state.file = nil
            }
            guard unlink(journal.path(of: Self.name(segment))) == 0 else {
                throw journal.failure("cannot be removed", of: segment)
            }
        }
    }

    package func close() async {
        _ = try? await run { _, state throws(JournalError) in
            if let file = state.file { closeFile(file.descriptor) }
            if let lock = state.lock { closeFile(lock) }
            state = State()
        }
    }

    // MARK: - On the thread

    private func run<Value: Sendable>(
        _ body: @escaping @Sendable (JournalFolder, inout State) throws(JournalError) -> Value
    ) async throws(JournalError) -> Value {
        do {
            return try await thread.runIfActive { [self] in
                try state.withLock { try body(self, &$0) }
            }
        } catch let error as JournalError {
            throw error
        } catch {
            throw JournalError("the collector's journal \(path) is closed: \(error)")
        }
    }

    private func makeFolder() throws(JournalError) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += made.isEmpty || made == "/" ? part : "/" + part
            guard mkdir(made, 0o700) == 0 || errno == EEXIST else {
                throw JournalError(
                    "the folder \(made) of the collector's journal cannot be made "
                        + "(\(Self.reason)); name another in the pipeline file, as journal"
                )
            }
        }
    }

    private func segments() throws(JournalError) -> [Int] {
        guard let folder = opendir(path) else {
            throw JournalError("the collector's journal \(path) cannot be read (\(Self.reason))")
        }
        defer { closedir(folder) }
        var segments: [Int] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(Self.prefix), name.hasSuffix(Self.suffix),
                let number = Int(name.dropFirst(Self.prefix.count).dropLast(Self.suffix.count))
            else { continue }
            segments.append(number)
        }
        return segments.sorted()
    }

    /// The open file of `segment`, which is made where it is missing.
    private func file(
        of segment: Int,
        _ state: inout State
    ) throws(JournalError) -> (segment: Int, descriptor: Int32, length: Int) {
        if let file = state.file {
            if file.segment == segment { return file }
            closeFile(file.descriptor)
            state.file = nil
        }
        let descriptor = try file(named: Self.name(segment), O_CREAT | O_WRONLY | O_APPEND)
        // So that the file is there after the machine has ended, its folder is written out too.
        let folder = try file(named: "", O_RDONLY)
        defer { closeFile(folder) }
        guard fsync(folder) == 0 else { throw failure("cannot be made", of: segment) }
        let file = (segment, descriptor, Int(lseek(descriptor, 0, SEEK_END)))
        state.file = file
        return file
    }

    private func file(named name: String, _ flags: Int32) throws(JournalError) -> Int32 {
        let file = openFile(path(of: name), flags | O_CLOEXEC)
        guard file >= 0 else {
            throw JournalError(
                "\(path(of: name)) of the collector's journal cannot be opened (\(Self.reason))"
            )
        }
        return file
    }

    private func failure(_ what: String, of segment: Int) -> JournalError {
        JournalError(
            "\(path(of: Self.name(segment))) of the collector's journal \(what) (\(Self.reason))"
        )
    }

    private static var reason: String { String(cString: strerror(errno)) }

    private static let prefix = "segment-"
    private static let suffix = ".ndjson"

    private static func name(_ segment: Int) -> String { "\(prefix)\(segment)\(suffix)" }

    private func path(of name: String) -> String { name.isEmpty ? path : "\(path)/\(name)" }
}

// Outside of the class, whose methods have the same names as the system's calls.

private func openFile(_ path: String, _ flags: Int32) -> Int32 { open(path, flags, 0o600) }

private func closeFile(_ file: Int32) { _ = close(file) }

/// Whether all of `bytes` could be written.
private func writeAll(_ bytes: [UInt8], to file: Int32) -> Bool {
    bytes.withUnsafeBytes { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = write(file, part.baseAddress, part.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
