/// What whoever asks a console for anything has to know.
package struct BearerToken: Sendable {
    /// Fewer could be guessed.
    package static let leastLength = 16
    /// More does not fit a header.
    package static let greatestLength = 1024

    private let secret: [UInt8]

    /// The token in `text`, whose line end is not part of it; nil where it has too few or too many
    /// characters, or others than a header can carry.
    package init?(_ text: String) {
        var secret = Array(text.utf8)
        while let last = secret.last, last == 10 || last == 13 { secret.removeLast() }
        guard (BearerToken.leastLength...BearerToken.greatestLength).contains(secret.count),
            secret.allSatisfy({ (33...126).contains($0) })
        else { return nil }
        self.secret = secret
    }

    /// Whether `authorization`, the header of that name, carries this token.
    package func isCarried(by authorization: String) -> Bool {
        let scheme = "bearer "
        guard authorization.prefix(scheme.count).lowercased() == scheme else { return false }
        return isEqual(to: Array(authorization.utf8.dropFirst(scheme.utf8.count)))
    }

    /// Looks at every byte that was offered, whatever differs, so that the time it takes tells
    /// nothing of where.
    private func isEqual(to offered: [UInt8]) -> Bool {
        var difference: UInt8 = offered.count == secret.count ? 0 : 1
        for (index, byte) in offered.enumerated() {
            difference |= byte ^ secret[index % secret.count]
        }
        return difference == 0
    }
}
