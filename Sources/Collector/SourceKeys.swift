package import HTTPServing

/// Who may send events: the keys of the sources.
package struct SourceKeys: Sendable {
    /// What a client is called that needs no key.
    package static let nobody = "local"

    private let keys: [(source: String, key: BearerToken)]

    /// Keys by the name of their source; none where nobody needs one.
    package init(_ keys: [(source: String, key: BearerToken)]) {
        self.keys = keys
    }

    /// Whether nobody needs a key.
    package var isEmpty: Bool { keys.isEmpty }

    /// The source whose key is `offered`; nil where it is nobody's.
    package func source(offering offered: String?) -> String? {
        if keys.isEmpty { return SourceKeys.nobody }
        guard let offered else { return nil }
        // Each is compared, so that the time it takes says nothing of which.
        var found: String?
        for (source, key) in keys where key.isEqual(to: offered) { found = found ?? source }
        return found
    }
}
