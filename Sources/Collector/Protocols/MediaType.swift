internal import Commerce
internal import HTTPTypes

// What the protocols read alike.

extension CollectorRequest {
    /// The token of `Authorization: Bearer <token>`.
    var bearerToken: String? {
        guard let text = fields[.authorization] else { return nil }
        let scheme = "bearer "
        guard text.prefix(scheme.count).lowercased() == scheme else { return nil }
        return String(text.dropFirst(scheme.count))
    }
}

extension RequestRefusal {
    static func malformed(_ message: String) -> RequestRefusal {
        RequestRefusal(status: 400, reason: "not-json", message: message)
    }
}

extension CollectorAnswer {
    /// `{"error":{"reason":…,"message":…}}`.
    static func refusal(_ refusal: RequestRefusal) -> CollectorAnswer {
        let error = JSONTree.object([
            ("reason", JSONTree(text: refusal.reason)),
            ("message", JSONTree(text: refusal.message)),
        ])
        return .json(refusal.status, JSONTree.object([("error", error)]).json)
    }
}

extension JSONTree {
    /// What the body of `request` writes.
    init(request: CollectorRequest) throws(RequestRefusal) {
        guard (try? UTF8Span(validating: request.body.span)) != nil, !request.body.contains(0)
        else {
            throw RequestRefusal(
                status: 400,
                reason: "invalid-utf8",
                message: "the body is not UTF-8; expected JSON in UTF-8"
            )
        }
        do throws(RejectionReason) {
            self = try JSONTree(request.body)
        } catch {
            throw RequestRefusal(
                status: 400,
                reason: error.reason.rawValue,
                message: "the body, \(error)"
            )
        }
    }
}

/// The type of a body, as `Content-Type` says it.
struct MediaType {
    /// Without parameters, in lower case.
    let name: String
    private let charset: String?

    init(_ field: String) {
        let parts = field.split(separator: ";").map { part in
            String(part.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " }.reversed())
        }
        name = parts.first?.lowercased() ?? ""
        charset = parts.dropFirst().map { $0.lowercased() }
            .first { $0.hasPrefix("charset=") }?.dropFirst("charset=".count)
            .filter { $0 != "\"" }
    }

    var isJSON: Bool { name == "application/json" || name.hasSuffix("+json") }

    func checkCharset() throws(RequestRefusal) {
        guard let charset, !["utf-8", "utf8", "us-ascii"].contains(charset) else { return }
        throw RequestRefusal(
            status: 415,
            reason: "content-type",
            message: "Content-Type: the charset cannot be read; expected utf-8"
        )
    }

    func check(is expected: String) throws(RequestRefusal) {
        guard name != expected else { return }
        throw RequestRefusal(
            status: 415,
            reason: "content-type",
            message: "Content-Type: expected \(expected)"
        )
    }
}
