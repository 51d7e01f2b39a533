internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A server that speaks just enough of MongoDB's wire protocol to be written to, and forgets what
/// it is given: what a client can do when the server costs nothing, or fails as it is told to.
///
/// Understands `OP_MSG` (MongoDB 3.6 and later), and the `OP_QUERY` of a first greeting.
package final class MongoWireServer: Sendable {
    /// What is answered in place of a success: the reply to a command by its name, or nil.
    package typealias Script = @Sendable (_ command: String) -> WireDocument?

    /// Where it listens on 127.0.0.1.
    package let port: Int
    private let listener: Int32
    private let script: Script
    private let inserted = Atomic<Int>(0)
    private let kept: Mutex<[[UInt8]]>?

    /// A server that does as `script` says, and answers everything else with success.
    ///
    /// With `keeps` it does not forget the documents that it is given.
    package init(keeps: Bool = false, _ script: @escaping Script = { _ in nil }) throws {
        self.script = script
        kept = keeps ? Mutex([]) : nil
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let isBound = withUnsafeMutableBytes(of: &address) { bytes -> Bool in
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                return false
            }
            return bind(listener, start, length) == 0 && listen(listener, 64) == 0
                && getsockname(listener, start, &length) == 0
        }
        guard isBound else { throw NoPort() }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    package struct NoPort: Error {}

    /// How many documents it was given.
    package var documentCount: Int { inserted.load(ordering: .relaxed) }

    /// The documents it was given, in BSON, where it keeps them.
    package var documents: [[UInt8]] { kept?.withLock { $0 } ?? [] }

    /// Serves until ``close()``, a thread a connection; the calling thread is one of them.
    package func serve() {
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { return }
            var one: Int32 = 1
            setsockopt(client, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(4))
            start { self.serve(client) }
        }
    }

    /// Serves on a thread of its own.
    package func start() {
        start { self.serve() }
    }

    package func close() {
        shutdown(listener, Int32(SHUT_RDWR))
        _ = Glibc.close(listener)
    }

    private func start(_ body: @escaping @Sendable () -> Void) {
        final class Work {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(body)).toOpaque()
        pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            },
            work
        )
        pthread_detach(thread)
    }

    private func serve(_ client: Int32) {
        defer { _ = Glibc.close(client) }
        var message: [UInt8] = []
        while let header = MongoWireServer.read(client, 16, &message) {
            guard header >= 16, MongoWireServer.read(client, header - 16, &message) != nil,
                let answer = answer(to: message)
            else { return }
            var start = 0
            while start < answer.count {
                let sent = answer[start...].withUnsafeBytes {
                    send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard sent > 0 else { return }
                start += sent
            }
        }
    }

    /// Reads the next `count` bytes into `message`, behind its header; nil where the line ended.
    ///
    /// - Returns: The length that stands at the beginning.
    private static func read(_ client: Int32, _ count: Int, _ message: inout [UInt8]) -> Int? {
        var filled = count == 16 ? 0 : 16
        let end = filled + count
        if message.count < end { message += [UInt8](repeating: 0, count: end - message.count) }
        while filled < end {
            let received = message.withUnsafeMutableBytes {
                recv(client, $0.baseAddress?.advanced(by: filled), end - filled, 0)
            }
            guard received > 0 else { return nil }
            filled += received
        }
        return Int(message.int32(at: 0))
    }

    /// The bytes that answer `message`; nil to hang up.
    private func answer(to message: [UInt8]) -> [UInt8]? {
        let request = message.int32(at: 4)
        let isQuery = message.int32(at: 12) == 2004
        guard isQuery || message.int32(at: 12) == 2013 else { return nil }
        // A query names its collection before the document; a message begins with a section kind.
        var body = isQuery ? 20 : 21
        if isQuery {
            while message[body] != 0 { body += 1 }
            body += 9
        }
        let command = message.text(at: body + 5)
        var reply = script(command) ?? success(of: command)
        if reply.isHangUp { return nil }
        if command == "insert" {
            let count = take(message, after: body)
            inserted.wrappingAdd(count, ordering: .relaxed)
            reply.append("n", Int32(count))
        }
        let document = reply.bytes
        var answer: [UInt8] = []
        answer.append(int32: Int32(document.count + (isQuery ? 36 : 21)))
        answer.append(int32: request)
        answer.append(int32: request)
        answer.append(int32: isQuery ? 1 : 2013)
        answer +=
            isQuery
            ? [8, 0, 0, 0] + [UInt8](repeating: 0, count: 12) + [1, 0, 0, 0] : [0, 0, 0, 0, 0]
        return answer + document
    }

    /// Takes the documents in the sections behind the body at `body`, and says how many they are.
    private func take(_ message: [UInt8], after body: Int) -> Int {
        let end = Int(message.int32(at: 0))
        var place = body + Int(message.int32(at: body))
        var count = 0
        while place < end, message[place] == 1 {
            let sectionEnd = place + 1 + Int(message.int32(at: place + 1))
            place += 5
            while message[place] != 0 { place += 1 }
            place += 1
            while place < sectionEnd {
                let end = place + Int(message.int32(at: place))
                kept?.withLock { $0.append(Array(message[place..<end])) }
                place = end
                count += 1
            }
        }
        return count
    }

    private func success(of command: String) -> WireDocument {
        var reply = WireDocument(ok: true)
        switch command {
        case "hello", "isMaster", "ismaster":
            reply.append("ismaster", true)
            reply.append("isWritablePrimary", true)
            reply.append("maxBsonObjectSize", 16 << 20)
            reply.append("maxMessageSizeBytes", 48_000_000)
            reply.append("maxWriteBatchSize", 100_000)
            reply.append("minWireVersion", 0)
            reply.append("maxWireVersion", 21)
        case "buildInfo":
            reply.append("version", "7.0.0")
        default:
            break
        }
        return reply
    }
}

/// A flat BSON document that is written, as a reply is.
package struct WireDocument: Sendable {
    private var fields: [UInt8] = []
    /// Whether the connection is closed in place of a reply.
    var isHangUp = false

    /// A reply that says whether the command was done.
    package init(ok: Bool) {
        append("ok", ok ? 1 : 0)
    }

    /// The reply of a server that refuses a command.
    package static func failure(_ code: Int32, _ message: String) -> WireDocument {
        var reply = WireDocument(ok: false)
        reply.append("code", code)
        reply.append("errmsg", message)
        return reply
    }

    /// No reply: the connection is closed.
    package static var hangUp: WireDocument {
        var reply = WireDocument(ok: false)
        reply.isHangUp = true
        return reply
    }

    package mutating func append(_ key: String, _ value: Int32) {
        fields += [0x10] + key.utf8 + [0]
        fields.append(int32: value)
    }

    package mutating func append(_ key: String, _ value: Bool) {
        fields += [0x08] + key.utf8 + [0, value ? 1 : 0]
    }

    package mutating func append(_ key: String, _ value: String) {
        fields += [0x02] + key.utf8 + [0]
        fields.append(int32: Int32(value.utf8.count + 1))
        fields += value.utf8 + [0]
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(int32: Int32(fields.count + 5))
        return bytes + fields + [0]
    }
}

extension [UInt8] {
    fileprivate func int32(at place: Int) -> Int32 {
        var value: UInt32 = 0
        for offset in 0..<4 { value |= UInt32(self[place + offset]) << UInt32(8 * offset) }
        return Int32(bitPattern: value)
    }

    fileprivate func text(at place: Int) -> String {
        String(decoding: self[place...].prefix { $0 != 0 }, as: UTF8.self)
    }

    fileprivate mutating func append(int32 value: Int32) {
        let bits = UInt32(bitPattern: value)
        for shift in [0, 8, 16, 24] as [UInt32] {
            append(UInt8(truncatingIfNeeded: bits >> shift))
        }
    }
}
