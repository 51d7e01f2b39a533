internal import HTTPTypes

/// Which pages of other origins may send events from a browser, and which webhooks may call:
/// the Fetch standard's CORS, and the abuse protection of the CloudEvents webhook specification.
package struct CrossOrigin: Sendable {
    private let allowed: [String]

    /// - Parameter allowed: Origins in lower case, such as `https://shop.example`.
    package init(allowed: [String]) {
        self.allowed = allowed
    }

    /// Whether a request with `fields` may be answered: no page sends it, or one that may.
    ///
    /// A browser names the page with every POST, so that no foreign page can reach a collector
    /// that asks this machine for no key.
    func permits(_ fields: HTTPFields) -> Bool {
        fields[.origin].map(isAllowed) ?? true
    }

    private func isAllowed(_ origin: String) -> Bool { allowed.contains(origin.lowercased()) }

    /// Has a page that may send read the answer.
    func mark(_ answer: inout CollectorAnswer, to fields: HTTPFields) {
        guard let origin = fields[.origin], isAllowed(origin) else { return }
        answer.fields[.accessControlAllowOrigin] = origin
        answer.fields[.vary] = "Origin"
        answer.fields[.accessControlExposeHeaders] = "traceparent, retry-after"
    }

    /// The answer to an `OPTIONS`: what may be sent, to a page or a webhook that asks.
    func options(_ fields: HTTPFields) -> CollectorAnswer {
        var answer = CollectorAnswer(status: 204)
        answer.fields[.allow] = "POST, OPTIONS"
        if let webhook = fields[named: "WebHook-Request-Origin"] {
            let isKnown = isAllowed(webhook) || isAllowed("https://\(webhook)")
            guard allowed.isEmpty || isKnown else {
                return CollectorAnswer(status: 403, body: "this origin is not in allowedOrigins\n")
            }
            answer.status = 200
            answer.fields[named: "WebHook-Allowed-Origin"] = webhook
            answer.fields[named: "WebHook-Allowed-Rate"] = "*"
            return answer
        }
        guard fields[.origin] != nil else { return answer }
        guard permits(fields) else {
            return CollectorAnswer(status: 403, body: "this origin is not in allowedOrigins\n")
        }
        answer.fields[.accessControlAllowMethods] = "POST"
        answer.fields[.accessControlAllowHeaders] =
            fields[.accessControlRequestHeaders] ?? "authorization, content-type"
        answer.fields[.accessControlMaxAge] = "600"
        return answer
    }
}
