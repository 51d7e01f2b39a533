import Foundation
import Synchronization
import TestSupport

/// Stands between a client and a server, and cuts the line once so many bytes have passed.
final class CuttingProxy: Sendable {
    enum Direction: Sendable {
        case toServer
        case toClient
    }

    private struct State {
        /// How many bytes of a direction pass before the line is cut; nil while it is whole.
        var cut: (direction: Direction, after: Int)?
        /// How many bytes have passed since ``measure()``.
        var toServer = 0
        var toClient = 0

        mutating func count(_ bytes: Int, _ direction: Direction) {
            switch direction {
            case .toServer: toServer += bytes
            case .toClient: toClient += bytes
            }
        }
    }

    /// Where it listens on 127.0.0.1.
    let port: Int
    private let listener: Int32
    private let target: Int
    private let state = Mutex(State())

    /// A proxy before the server on port `target` of 127.0.0.1.
    init(to target: Int) throws {
        self.target = target
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = CuttingProxy.loopback(port: 0)
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
        let thread = Thread { [self] in accept() }
        thread.start()
    }

    /// Ends it; lines that are open stay so.
    func close() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// Cuts the line, whichever it is, once `after` more bytes have passed in `direction`; the
    /// lines after it are whole.
    func cut(_ direction: Direction, after: Int) {
        state.withLock { $0.cut = (direction, after) }
    }

    /// Whether the line is still to be cut.
    var isArmed: Bool { state.withLock { $0.cut != nil } }

    /// Counts from zero what passes.
    func measure() {
        state.withLock { ($0.toServer, $0.toClient) = (0, 0) }
    }

    var passed: (toServer: Int, toClient: Int) { state.withLock { ($0.toServer, $0.toClient) } }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        return address
    }

    private func accept() {
        while true {
            let client = Foundation.accept(listener, nil, nil)
            guard client >= 0 else { break }
            let thread = Thread { [self] in pump(client) }
            thread.start()
        }
        Foundation.close(listener)
    }

    private func pump(_ client: Int32) {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer {
            Foundation.close(client)
            Foundation.close(server)
        }
        var address = CuttingProxy.loopback(port: target)
        let connected = withUnsafeBytes(of: &address) { bytes in
            bytes.baseAddress.map {
                connect(
                    server,
                    $0.assumingMemoryBound(to: sockaddr.self),
                    socklen_t(bytes.count)
                )
            }
        }
        guard connected == 0 else { return }
        var entries = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while poll(&entries, 2, -1) > 0 {
            for (place, direction) in [Direction.toServer, .toClient].enumerated()
            where entries[place].revents != 0 {
                guard pass(entries[place].fd, entries[1 - place].fd, direction) else { return }
            }
        }
    }

    /// Passes on what can be read; says whether the line goes on.
    private func pass(_ from: Int32, _ to: Int32, _ direction: Direction) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(from, &bytes, bytes.count)
        guard count > 0 else { return false }
        let (allowed, goesOn) = state.withLock { state -> (Int, Bool) in
            guard let cut = state.cut, cut.direction == direction else {
                state.count(count, direction)
                return (count, true)
            }
            let allowed = min(count, cut.after)
            state.count(allowed, direction)
            let goesOn = count <= cut.after
            state.cut = goesOn ? (direction, cut.after - count) : nil
            return (allowed, goesOn)
        }
        var start = 0
        while start < allowed {
            let sent = bytes[start..<allowed].withUnsafeBytes {
                send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return false }
            start += sent
        }
        return goesOn
    }
}
