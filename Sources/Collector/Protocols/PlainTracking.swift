internal import Commerce
internal import HTTPTypes
internal import Timekeeping

/// Tracking in its plain form, at `POST /track`: an object or an array of objects
/// `{"event": "search", "properties": {…}, "userId": …}`.
///
/// An event without a `messageId` gets an id when it comes, so that one sent twice is two.
package struct PlainTracking: ClientProtocol {
    private let mint: IdentityMint

    package init(_ mint: IdentityMint) {
        self.mint = mint
    }

    package var name: String { "track" }
    package var takesParts: Bool { false }

    package func takes(_ request: CollectorRequest) -> Bool {
        request.method == "POST" && request.path == "/track"
    }

    package func key(of request: CollectorRequest) -> String? { request.bearerToken }

    package func read(
        _ request: CollectorRequest,
        from source: String
    ) throws(RequestRefusal) -> CollectedRequest {
        let type = MediaType(request.fields[.contentType] ?? "")
        try type.checkCharset()
        // A script that sends by `curl -d` says that it sends a form.
        let isPlain = ["", "application/x-www-form-urlencoded", "text/plain"].contains(type.name)
        guard type.isJSON || isPlain else {
            throw RequestRefusal(
                status: 415,
                reason: "content-type",
                message: "Content-Type: expected application/json"
            )
        }
        var collected = CollectedRequest()
        switch try JSONTree(request: request) {
        case .array(let members):
            for (place, member) in members.enumerated() {
                collected.events.append(
                    try event(member, "events[\(place)].", request.received, source)
                )
            }
        case let tree: collected.events = [try event(tree, "", request.received, source)]
        }
        return collected
    }

    private static let names = [
        "event", "properties", "userId", "anonymousId", "sessionId", "messageId", "timestamp",
    ]

    private func event(
        _ tree: JSONTree,
        _ path: String,
        _ received: Timestamp,
        _ source: String
    ) throws(RequestRefusal) -> CollectedEvent {
        guard case .object(let members) = tree else {
            throw .malformed("expected an object with \"event\" and \"properties\"")
        }
        var texts: [String: String] = [:]
        var data: JSONTree?
        for (name, value) in members {
            guard Self.names.contains(name) else {
                throw refusal(
                    "unknown-field",
                    "\(path)\(name): unknown; expected one of "
                        + Self.names.joined(separator: ", ")
                )
            }
            guard texts[name] == nil, name != "properties" || data == nil else {
                throw refusal("duplicate-field", "\(path)\(name): given twice; expected once")
            }
            if case .scalar("null") = value { continue }
            if name == "properties" {
                guard value.isObject else {
                    throw refusal("wrong-type", "\(path)properties: is no object")
                }
                data = value
            } else {
                guard let text = value.text else {
                    throw refusal("wrong-type", "\(path)\(name): is no text")
                }
                texts[name] = text
            }
        }
        guard let event = texts["event"], !event.isEmpty else {
            throw refusal("missing-field", "\(path)event: the name of the event is missing")
        }
        var properties = data ?? .object([])
        for (name, value) in [
            ("user_id", texts["userId"] ?? texts["anonymousId"]),
            ("session_id", texts["sessionId"]),
        ] {
            guard let value, properties[[name]] == nil else { continue }
            _ = properties.set([name], JSONTree(text: value))
        }
        return CollectedEvent(
            attributes: [
                ("specversion", "1.0"),
                ("id", texts["messageId"] ?? mint.id(at: received)),
                ("source", "/track/\(source)"),
                ("type", event.contains(".") ? event : "com.weir.shop.\(event).v1"),
                ("time", texts["timestamp"] ?? received.description),
                ("datacontenttype", "application/json"),
            ],
            data: properties
        )
    }

    private func refusal(_ reason: String, _ message: String) -> RequestRefusal {
        RequestRefusal(status: 400, reason: reason, message: message)
    }

    package func answer(to collected: CollectedRequest) -> CollectorAnswer {
        .json(202, "{\"accepted\":\(collected.events.count)}")
    }

    package func answer(to refusal: RequestRefusal) -> CollectorAnswer { .refusal(refusal) }
}
