import CZlib
import Foundation
import Synchronization

/// A server that answers the batches it gets as a script says, and keeps what it accepted.
final class ScriptedCollector: Sendable {
    struct Request {
        /// In small letters.
        var head: String
        /// Unpacked.
        var body: [UInt8]
        var time: ContinuousClock.Instant

        /// The events of the batch.
        var events: [[String: Any]] {
            let json = try? JSONSerialization.jsonObject(with: Data(body))
            return json as? [[String: Any]] ?? []
        }

        var ids: [String] { events.compactMap { $0["id"] as? String } }
    }

    /// What a request is answered: a status line with fields, such as `429 Full\r\nRetry-After: 1`.
    typealias Script = @Sendable (_ number: Int, _ request: Request) -> String?

    static let accepted = "202 Accepted"

    private struct Books {
        var requests: [Request] = []
        var accepted: [String] = []
    }

    let port: Int
    private let listener: Int32
    private let books = Mutex(Books())
    private let script: Script

    var requests: [Request] { books.withLock { $0.requests } }
    /// The ids of accepted events, as often as they were accepted.
    var accepted: [String] { books.withLock { $0.accepted } }
    var url: String { "http://127.0.0.1:\(port)" }

    /// Listens on `port` of this machine, where 0 is a free one; a request that the script has no
    /// answer to is not answered, and its line is closed.
    init(port: Int = 0, _ script: @escaping Script = { _, _ in accepted }) throws {
        self.script = script
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var isReused: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &isReused, socklen_t(4))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutableBytes(of: &address) { bytes -> Bool in
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                return false
            }
            return bind(listener, start, length) == 0 && listen(listener, 8) == 0
                && getsockname(listener, start, &length) == 0
        }
        guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
        self.port = Int(UInt16(bigEndian: address.sin_port))
        Thread { [self] in serve() }.start()
    }

    func close() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve() {
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { break }
            if let request = Self.request(of: client) {
                let number = books.withLock { books in
                    books.requests.append(request)
                    return books.requests.count
                }
                if let answer = script(number, request) {
                    if answer.hasPrefix("2") {
                        books.withLock { $0.accepted += request.ids }
                    }
                    let hasBody = answer.contains("\r\n\r\n")
                    let text =
                        "HTTP/1.1 \(answer)"
                        + (hasBody ? "" : "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                    _ = send(client, text, text.utf8.count, Int32(MSG_NOSIGNAL))
                }
            }
            Foundation.close(client)
        }
        Foundation.close(listener)
    }

    private static func request(of client: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(client, &buffer, buffer.count)
            guard count > 0 else { return nil }
            bytes += buffer.prefix(count)
            guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { continue }
            let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).lowercased()
            let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
            guard bytes.count - end.upperBound >= length ?? 0 else { continue }
            let body = unpacked(Array(bytes[end.upperBound...]))
            return Request(head: head, body: body ?? [], time: .now)
        }
    }

    private static func unpacked(_ packed: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, size) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        var input = packed
        var output = [UInt8](repeating: 0, count: 1 << 20)
        let left = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output -> Int? in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                return inflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.avail_out) : nil
            }
        }
        return left.map { Array(output.dropLast($0)) }
    }
}
