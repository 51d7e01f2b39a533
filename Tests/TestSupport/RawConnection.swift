internal import Foundation

/// A connection on which a test says what it likes.
package final class RawConnection: Sendable {
    /// Nobody listens.
    package struct Refused: Error {
        package var code: Int32
    }

    private let socket: Int32

    /// A connection to `port` of this machine, on which a peer that is silent for `patience`
    /// seconds counts as gone for good.
    ///
    /// - Throws: ``Refused``.
    package init(port: Int, patience: Int = 30) throws {
        socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(
            socket,
            SOL_SOCKET,
            SO_RCVTIMEO,
            &limit,
            socklen_t(MemoryLayout<timeval>.size)
        )
        var address = RawConnection.address(port: port)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(socket)
            throw Refused(code: errno)
        }
    }

    deinit {
        close(socket)
    }

    /// Says `text`; whether the peer still takes it.
    @discardableResult
    package func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return Foundation.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            == bytes.count
    }

    /// Sends `request`, and gives the status of its answer, which is read to its end; nil where
    /// there is none.
    package func exchange(_ request: [UInt8]) -> Int? {
        guard Foundation.send(socket, request, request.count, Int32(MSG_NOSIGNAL)) == request.count
        else { return nil }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            answer += buffer[..<count]
            let text = String(decoding: answer, as: UTF8.self)
            guard let end = text.utf8.firstRange(of: "\r\n\r\n".utf8) else { continue }
            let head = text[..<end.lowerBound].lowercased()
            let length =
                head.firstRange(of: "content-length: ").map { head[$0.upperBound...] }
                .flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
            let rest = text.utf8.distance(from: end.upperBound, to: text.endIndex)
            if rest >= length { return Int(head.dropFirst("http/1.1 ".count).prefix(3)) }
        }
    }

    /// What the peer says before `isEnough` or its end; nil where it stays silent for longer than
    /// the patience.
    package func receive(until isEnough: (String) -> Bool = { _ in false }) -> String? {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let text = String(decoding: all, as: UTF8.self)
            if isEnough(text) { return text }
            let count = recv(socket, &buffer, buffer.count, 0)
            if count < 0, errno == EAGAIN || errno == EWOULDBLOCK { return nil }
            guard count > 0 else { return text }
            all += buffer.prefix(count)
        }
    }

    /// A port on which nobody listened a moment ago.
    package static func freePort() -> Int {
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = RawConnection.address(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(socket, $0, length)
                _ = getsockname(socket, $0, &length)
            }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func address(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }

    /// Asks, and gives the whole answer.
    package func ask(_ request: String) -> String? {
        send(request)
        return receive { text in
            guard let head = text.firstRange(of: "\r\n\r\n") else { return false }
            guard !request.hasPrefix("HEAD") else { return true }
            let length = text[..<head.lowerBound].split(separator: "\r\n")
                .first { $0.lowercased().hasPrefix("content-length:") }
                .flatMap { Int($0.split(separator: ":")[1].trimmingCharacters(in: .whitespaces)) }
            return text[head.upperBound...].utf8.count >= length ?? 0
        }
    }
}
