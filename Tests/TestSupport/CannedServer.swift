internal import Foundation
internal import Synchronization

/// Gives the same bytes to whoever asks, whatever is asked, and closes the line.
package final class CannedServer: Sendable {
    /// Where it listens on 127.0.0.1.
    package let port: Int
    private let listener: Int32
    private let answer: [UInt8]
    private let asked = Mutex<[String]>([])

    /// The requests so far, each with its body.
    package var requests: [String] { asked.withLock { $0 } }

    package init(_ answer: [UInt8]) throws {
        self.answer = answer
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutableBytes(of: &address) { bytes -> Bool in
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                return false
            }
            return bind(listener, start, length) == 0 && listen(listener, 8) == 0
                && getsockname(listener, start, &length) == 0
        }
        guard bound else { throw POSIXError(.EADDRNOTAVAIL) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread { [self] in serve() }.start()
    }

    package func close() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func serve() {
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { break }
            let text = CannedServer.request(of: client)
            asked.withLock { $0.append(text) }
            var start = 0
            while start < answer.count {
                let sent = answer[start...].withUnsafeBytes {
                    send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard sent > 0 else { break }
                start += sent
            }
            shutdown(client, Int32(SHUT_WR))
            // Until the other side has read all of it, closing would throw the rest away.
            var rest = [UInt8](repeating: 0, count: 1 << 16)
            while read(client, &rest, rest.count) > 0 {}
            Foundation.close(client)
        }
        Foundation.close(listener)
    }

    /// A request with all of its body, as far as it says how long that is.
    private static func request(of client: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(client, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
            let text = String(decoding: bytes, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { continue }
            let head = text[..<end.lowerBound].lowercased()
            let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
            if text[end.upperBound...].utf8.count >= length ?? 0 { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
