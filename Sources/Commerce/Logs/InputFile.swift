internal import Crypto

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A file or standard input, open for reading as long as this object lives.
package final class InputFile: Sendable {
    /// The last part of its path, or `-` for standard input.
    package let name: String
    /// What the file is called as a stream: its name and a fingerprint of its first two lines,
    /// so that two files of one name are two streams, and one that has grown is still the same.
    package let streamName: String
    private let path: String
    private let descriptor: Int32
    private let closesAtEnd: Bool

    /// Opens the file at `path`; `-` is standard input.
    package init(path: String) throws(InputError) {
        self.path = path
        guard path != "-" else {
            name = "-"
            streamName = "log:-"
            descriptor = 0
            closesAtEnd = false
            return
        }
        name = path.split(separator: "/").last.map(String.init) ?? path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        closesAtEnd = true
        streamName = "log:\(name)#\(InputFile.fingerprint(descriptor))"
        guard descriptor >= 0 else {
            let reason = InputFile.lastError
            if errno == ENOENT || errno == ENOTDIR {
                throw InputError(.notFound, "\(path): no such file; check the path")
            }
            throw InputError(.unreadable, "\(path): cannot be opened: \(reason)")
        }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            throw InputError(.notFound, "\(path): is a directory; name a file in it")
        }
    }

    deinit {
        if closesAtEnd, descriptor >= 0 {
            close(descriptor)
        }
    }

    /// Appends up to `count` bytes to `buffer`; false at the end of the file.
    func read(_ count: Int, into buffer: inout [UInt8]) throws(InputError) -> Bool {
        let (received, reason) = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) {
            chunk -> (Int, String) in
            var received: Int
            repeat {
                received = systemRead(descriptor, chunk.baseAddress, count)
            } while received < 0 && errno == EINTR
            guard received >= 0 else { return (received, InputFile.lastError) }
            buffer.append(contentsOf: UnsafeBufferPointer(rebasing: chunk[..<received]))
            return (received, "")
        }
        guard received >= 0 else {
            throw InputError(.unreadable, "\(path): cannot be read: \(reason)")
        }
        return received > 0
    }

    /// Eight hexadecimal digits of the SHA-256 of the first two lines, as far as they lie in the
    /// first 4 KiB.
    private static func fingerprint(_ descriptor: Int32) -> String {
        let saved = errno
        defer { errno = saved }
        let head = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4096) { chunk in
            let count = pread(descriptor, chunk.baseAddress, chunk.count, 0)
            return Array(chunk[..<max(0, count)])
        }
        let lines = head.split(separator: UInt8(ascii: "\n"), maxSplits: 2).prefix(2)
        let digest = SHA256.hash(data: Array(lines.joined(separator: [UInt8(ascii: "\n")])))
        return digest.prefix(4).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0\(digits)" : digits
        }.joined()
    }

    private static var lastError: String { String(cString: strerror(errno)) }
}

/// The system call, which the method of the same name would hide.
private func systemRead(
    _ descriptor: Int32,
    _ buffer: UnsafeMutablePointer<UInt8>?,
    _ count: Int
) -> Int {
    read(descriptor, buffer, count)
}
