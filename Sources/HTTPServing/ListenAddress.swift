/// Where a server listens.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address, an IPv6 one without its brackets.
    package var host: String
    /// 0 for one that is free.
    package var port: Int

    /// This machine alone, where the shipped configuration of Prometheus looks.
    package static let standard = ListenAddress(host: "127.0.0.1", port: 8080)

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port`, `[::1]:port`, or a port alone, which means 127.0.0.1.
    package init?(_ text: String) {
        let colon = text.lastIndex(of: ":")
        let digits = colon.map { text[text.index(after: $0)...] } ?? text[...]
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let port = Int(digits), port <= 65_535
        else { return nil }
        var host = colon.map { text[..<$0] } ?? "127.0.0.1"
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        let isName = host.utf8.allSatisfy { byte in
            (48...58).contains(byte) || (97...122).contains(byte | 32) || byte == 45 || byte == 46
        }
        guard !host.isEmpty, isName else { return nil }
        self.init(host: String(host), port: port)
    }

    /// Whether only this machine can reach it.
    ///
    /// Of names only `localhost`, since someone else decides what other names mean.
    package var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
        return octets.count == 4 && octets.first == "127"
            && octets.allSatisfy { octet in
                octet.utf8.allSatisfy { (48...57).contains($0) } && UInt8(octet) != nil
            }
    }

    /// What is bound: `localhost` is 127.0.0.1 whatever a file on this machine says.
    var boundHost: String { host == "localhost" ? "127.0.0.1" : host }

    package var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

/// The secret that a client of a server must send.
package struct BearerToken: Sendable {
    /// Fewer could be guessed.
    package static let leastLength = 16
    /// More does not fit a header.
    package static let greatestLength = 1024

    private let secret: [UInt8]

    /// The token in `text`, whose line end is not part of it; nil if it has too few or too many
    /// characters, or others than a header can carry.
    package init?(_ text: String) {
        var secret = Array(text.utf8)
        while let last = secret.last, last == 10 || last == 13 { secret.removeLast() }
        guard (BearerToken.leastLength...BearerToken.greatestLength).contains(secret.count),
            secret.allSatisfy({ (33...126).contains($0) })
        else { return nil }
        self.secret = secret
    }

    /// It as the key of digests.
    package var digestKey: [UInt8] { secret }

    /// Whether `authorization`, the header of that name, carries this token.
    package func isCarried(by authorization: String) -> Bool {
        let scheme = "bearer "
        guard authorization.prefix(scheme.count).lowercased() == scheme else { return false }
        return isEqual(to: Array(authorization.utf8.dropFirst(scheme.utf8.count)))
    }

    /// Whether `offered` is this token.
    package func isEqual(to offered: String) -> Bool { isEqual(to: Array(offered.utf8)) }

    /// Compares every byte, so that the time it takes says
    /// nothing of where.
    private func isEqual(to offered: [UInt8]) -> Bool {
        var difference: UInt8 = offered.count == secret.count ? 0 : 1
        for (index, byte) in offered.enumerated() {
            difference |= byte ^ secret[index % secret.count]
        }
        return difference == 0
    }
}
