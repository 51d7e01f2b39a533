internal import Digests
internal import Synchronization
internal import Timekeeping

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A file or standard input, open for reading as long as this object lives.
///
/// A regular file is read as it is asked for. Whatever may let its reader wait, such as a pipe,
/// comes through an ``InputFeed``.
final class InputFile: Sendable {
    /// What one reading gave.
    enum Portion {
        case bytes
        /// Nothing yet: the writer has not written on.
        case pending
        case end
        case failure(String)
    }

    /// The last part of its path, or `-` for standard input.
    let name: String
    /// What the file is called as a stream: its name and a fingerprint of its first two lines,
    /// so that two files of one name are two streams, and one that has grown is still the same.
    let streamName: String
    private let path: String
    private let descriptor: Int32
    /// Nil for a regular file.
    private let feed: InputFeed?

    /// Opens the file at `path`; `-` is standard input.
    ///
    /// Where it `waits`, reading a pipe blocks.
    init(path: String, waits: Bool = false) throws(InputError) {
        self.path = path
        let isStandardInput = path == "-"
        name = path.split(separator: "/").last.map(String.init) ?? path
        // A named pipe that has no writer yet must not keep the opening waiting.
        let flags = O_RDONLY | O_CLOEXEC | (waits ? 0 : O_NONBLOCK)
        descriptor = isStandardInput ? 0 : open(path, flags)
        guard descriptor >= 0 else {
            let reason = InputFile.lastError
            if errno == ENOENT || errno == ENOTDIR {
                throw InputError(.notFound, "\(path): no such file; check the path")
            }
            throw InputError(.unreadable, "\(path): cannot be opened: \(reason)")
        }
        var status = stat()
        let isKnown = fstat(descriptor, &status) == 0
        let kind = status.st_mode & S_IFMT
        if isKnown, kind == S_IFDIR {
            close(descriptor)
            throw InputError(.notFound, "\(path): is a directory; name a file in it")
        }
        let isRegular = isKnown && kind == S_IFREG
        streamName =
            isRegular && !isStandardInput
            ? "log:\(name)#\(InputFile.fingerprint(descriptor))" : "log:\(name)"
        feed = isRegular || waits ? nil : try InputFeed(descriptor, owns: !isStandardInput)
    }

    /// Throws where there is no file at `path` that can be read, or it is no text.
    static func find(_ path: String) throws(InputError) {
        var status = stat()
        // A pipe is not read here: what is read from it is gone.
        guard path != "-", stat(path, &status) != 0 || status.st_mode & S_IFMT != S_IFIFO else {
            return
        }
        var beginning: [UInt8] = []
        _ = try InputFile(path: path).read(InputKind.length, into: &beginning)
        if let kind = InputKind.refusal(of: beginning) {
            throw InputError(.wrongFormat, "\(path): \(kind)")
        }
    }

    deinit {
        if feed == nil, descriptor > 0 {
            close(descriptor)
        }
    }

    /// Raised when there is more to read after ``Portion/pending``; nil for a regular file.
    var arrival: Signal? { feed?.arrival }

    /// Appends about `count` bytes to `buffer`, where there are any.
    func read(_ count: Int, into buffer: inout [UInt8]) throws(InputError) -> Portion {
        var portion = Portion.end
        if let feed {
            portion = feed.take(into: &buffer)
        } else {
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { chunk in
                var received: Int
                repeat {
                    received = systemRead(descriptor, chunk.baseAddress, count)
                } while received < 0 && errno == EINTR
                if received < 0 {
                    portion = .failure(InputFile.lastError)
                } else if received > 0 {
                    buffer.append(contentsOf: UnsafeBufferPointer(rebasing: chunk[..<received]))
                    portion = .bytes
                }
            }
        }
        if case .failure(let reason) = portion {
            throw InputError(.unreadable, "\(path): cannot be read: \(reason)")
        }
        return portion
    }

    /// Eight hexadecimal digits of the SHA-256 of the first two lines, as far as they lie in the
    /// first 4 KiB.
    private static func fingerprint(_ descriptor: Int32) -> String {
        let head = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4096) { chunk in
            let count = pread(descriptor, chunk.baseAddress, chunk.count, 0)
            return Array(chunk[..<max(0, count)])
        }
        let lines = head.split(separator: UInt8(ascii: "\n"), maxSplits: 2).prefix(2)
        let digest = SHA256Digest(of: Array(lines.joined(separator: [UInt8(ascii: "\n")])))
        return digest.bytes.prefix(4).map { $0.text(width: 2, radix: 16) }.joined()
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

/// What a file is that is not a text, by how it begins.
enum InputKind {
    /// How many bytes tell the kind.
    static let length = 16

    private static let beginnings: [(bytes: [UInt8], kind: String)] = [
        ([0x1f, 0x8b], "is compressed (gzip); unpack it, such as with gunzip -c"),
        (Array("BZh91AY".utf8), "is compressed (bzip2); unpack it, such as with bunzip2 -c"),
        ([0xfd] + Array("7zXZ".utf8), "is compressed (xz); unpack it, such as with xz -dc"),
        ([0x28, 0xb5, 0x2f, 0xfd], "is compressed (zstd); unpack it, such as with zstd -dc"),
        (Array("PK\u{3}\u{4}".utf8), "is a ZIP archive or an Excel workbook; unpack or export it"),
        ([0x89] + Array("PNG".utf8), "is a PNG image"),
        ([0xff, 0xd8, 0xff], "is a JPEG image"),
        (Array("GIF8".utf8), "is a GIF image"),
        (Array("%PDF".utf8), "is a PDF document"),
        (Array("PAR1".utf8), "is a Parquet file; export it as CSV"),
        (Array("SQLite format 3\0".utf8), "is an SQLite database; export it as CSV"),
        ([0x7f] + Array("ELF".utf8), "is a program"),
        ([0xff, 0xfe], "is in UTF-16; convert it to UTF-8, such as with iconv -f UTF-16"),
        ([0xfe, 0xff], "is in UTF-16; convert it to UTF-8, such as with iconv -f UTF-16"),
    ]

    /// What an input that begins with `bytes` is, and the remedy; nil where it may be a text.
    static func refusal(of bytes: some Collection<UInt8>) -> String? {
        beginnings.first { bytes.starts(with: $0.bytes) }?.kind
    }
}

/// The formats of real logs that can be replayed.
package enum InputFormat: String, Sendable, CaseIterable {
    /// The purchases of CDNOW's customers, 1997 and 1998 (``CDNOWFormat``).
    case cdnow
    /// CloudEvents, one JSON object a line.
    case ndjson
    /// Comma-separated values with a mapping of columns.
    case csv

    /// The format that the name of the file at `path` tells, or nil where it tells none.
    package static func guess(from path: String) -> InputFormat? {
        let name = (path.split(separator: "/").last ?? "").lowercased()
        if name.hasPrefix("cdnow"), name.hasSuffix(".txt") {
            return .cdnow
        }
        switch name.split(separator: ".", omittingEmptySubsequences: false).last {
        case "ndjson", "jsonl", "json": return .ndjson
        case "csv", "tsv": return .csv
        default: return nil
        }
    }
}

/// Opens the log at `path` (`-` is standard input) for replay.
///
/// Without a `format` the name of the file tells it; only a CSV file needs a `mapping`. The
/// texts of the log are kept in `symbols`.
package func openInput(
    path: String,
    format: InputFormat?,
    mapping: CSVMapping?,
    lines: NDJSONMapping? = nil,
    options: LogOptions = LogOptions(),
    symbols: SymbolTable
) throws(InputError) -> any EventSource {
    switch format ?? InputFormat.guess(from: path) {
    case .cdnow: return try LogReplay(cdnow: path, options: options, symbols: symbols)
    case .ndjson:
        return try LogReplay(ndjson: path, mapping: lines, options: options, symbols: symbols)
    case .csv:
        guard let mapping else {
            try InputFile.find(path)
            throw InputError(
                .wrongFormat,
                "\(path): a CSV file needs a mapping of its columns; say under "
                    + "spec.input.csv.columns of the pipeline file which column is which, or with "
                    + "--set 'spec.input={csv: {columns: {time: <column>, user: <column>, "
                    + "transaction: <column>, product: <column>, quantity: <column>, "
                    + "value: <column>, currencyCode: USD, eventName: purchase}}}'"
            )
        }
        return try LogReplay(csv: path, mapping: mapping, options: options, symbols: symbols)
    case nil:
        // A missing file is reported first: its name may be what is wrong.
        try InputFile.find(path)
        let known = InputFormat.allCases.map(\.rawValue).joined(separator: ", ")
        throw InputError(
            .wrongFormat,
            "\(path): its name does not tell its format; say which one: \(known)"
        )
    }
}

/// What comes through a pipe, a terminal or a socket, as it comes.
///
/// Only a thread of its own waits for the writer: the threads that run Swift's tasks must never
/// wait, or nothing else goes on. It reads ahead by a bounded number of bytes.
final class InputFeed: Sendable {
    /// How far the thread reads ahead.
    private static let room = 1 << 20

    /// Raised whenever there is more to take, or the end.
    let arrival: Signal
    private let pump: InputPump

    /// A feed of `descriptor`, which it closes at its end where it `owns` it.
    init(_ descriptor: Int32, owns: Bool) throws(InputError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw InputError(
                .unreadable,
                "no pipe could be made: \(String(cString: strerror(errno)))"
            )
        }
        arrival = Signal()
        pump = InputPump(
            descriptor: descriptor,
            owns: owns,
            wakingUp: ends[0],
            waker: ends[1],
            room: InputFeed.room,
            arrival: arrival
        )
        guard pump.start() else {
            throw InputError(.unreadable, "the system has no thread left to read the input on")
        }
    }

    deinit {
        pump.stop()
    }

    /// Moves what has come to the end of `buffer`.
    func take(into buffer: inout [UInt8]) -> InputFile.Portion {
        pump.take(into: &buffer)
    }
}

/// The state that a feed shares with its thread.
private final class InputPump: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isEnded = false
        var isStopped = false
        var failure: String?
    }

    private let descriptor: Int32
    private let owns: Bool
    /// What the thread watches beside the input, and what is written to for it to look up.
    private let wakingUp: Int32
    private let waker: Int32
    private let room: Int
    private let arrival: Signal
    private let state = Mutex(State())

    init(
        descriptor: Int32,
        owns: Bool,
        wakingUp: Int32,
        waker: Int32,
        room: Int,
        arrival: Signal
    ) {
        self.descriptor = descriptor
        self.owns = owns
        self.wakingUp = wakingUp
        self.waker = waker
        self.room = room
        self.arrival = arrival
    }

    deinit {
        close(wakingUp)
        close(waker)
        if owns { close(descriptor) }
    }

    /// Starts the thread, which holds this object until it ends.
    func start() -> Bool {
        let pump = Unmanaged.passRetained(self)
        #if canImport(Glibc)
        var thread = pthread_t()
        #else
        var thread: pthread_t?
        #endif
        guard pthread_create(&thread, nil, InputPump.main, pump.toOpaque()) == 0 else {
            pump.release()
            return false
        }
        #if canImport(Glibc)
        pthread_detach(thread)
        #else
        if let thread { pthread_detach(thread) }
        #endif
        return true
    }

    #if canImport(Glibc)
    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? =
        { pump in
            if let pump {
                Unmanaged<InputPump>.fromOpaque(pump).takeRetainedValue().work()
            }
            return nil
        }
    #else
    private static let main: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? =
        { pump in
            Unmanaged<InputPump>.fromOpaque(pump).takeRetainedValue().work()
            return nil
        }
    #endif

    func stop() {
        state.withLock { $0.isStopped = true }
        wake()
    }

    private func wake() {
        var byte: UInt8 = 0
        // A pipe that is full wakes as well as one more byte in it would.
        _ = write(waker, &byte, 1)
    }

    func take(into buffer: inout [UInt8]) -> InputFile.Portion {
        let (portion, wasFull) = state.withLock { state -> (InputFile.Portion, Bool) in
            guard state.bytes.isEmpty else {
                let wasFull = state.bytes.count >= room
                buffer.append(contentsOf: state.bytes)
                state.bytes.removeAll(keepingCapacity: true)
                return (.bytes, wasFull)
            }
            if let failure = state.failure { return (.failure(failure), false) }
            return (state.isEnded ? .end : .pending, false)
        }
        if wasFull { wake() }
        return portion
    }

    /// The life of the thread: waits for the input, and takes what comes, until its end.
    private func work() {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let (isStopped, isFull) = state.withLock { ($0.isStopped, $0.bytes.count >= room) }
            if isStopped { return }
            var watched = [
                pollfd(fd: wakingUp, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isFull ? -1 : descriptor, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&watched, 2, -1) >= 0 || errno == EINTR else { return end(because: errno) }
            if watched[0].revents != 0 {
                var byte: UInt8 = 0
                _ = read(wakingUp, &byte, 1)
            }
            guard watched[1].revents != 0 else { continue }
            let count = read(descriptor, &chunk, chunk.count)
            if count > 0 {
                state.withLock { $0.bytes.append(contentsOf: chunk[..<count]) }
                arrival.raise()
            } else if count == 0 {
                return end(because: 0)
            } else if errno != EINTR, errno != EAGAIN {
                return end(because: errno)
            }
        }
    }

    private func end(because code: Int32) {
        state.withLock { state in
            state.isEnded = true
            if code != 0 { state.failure = String(cString: strerror(code)) }
        }
        arrival.raise()
    }
}
