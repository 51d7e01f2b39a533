internal import Commerce
internal import HTTPServing
internal import HTTPTypes
internal import Timekeeping

/// CloudEvents 1.0 over HTTP at `POST /events`, in the modes binary, structured and batched.
///
/// The key of a source comes as a bearer token, in the header or as `access_token` in the query, as
/// the webhook specification has it. A batch is taken as a whole or not at all.
package struct CloudEventsProtocol: ClientProtocol {
    package init() {}

    package var name: String { "cloudevents" }
    package var takesParts: Bool { false }

    package func takes(_ request: CollectorRequest) -> Bool {
        request.method == "POST" && request.path == "/events"
    }

    package func key(of request: CollectorRequest) -> String? {
        request.bearerToken ?? request.query.first { $0.name == "access_token" }?.value
    }

    package func writing(of request: CollectorRequest) -> CloudEventWriting? {
        let type = MediaType(request.fields[.contentType] ?? "")
        guard (try? type.checkCharset()) != nil else { return nil }
        switch type.name {
        case "application/cloudevents+json": return .one
        case "application/cloudevents-batch+json": return .array
        default: return nil
        }
    }

    package func read(
        _ request: CollectorRequest,
        from source: String
    ) throws(RequestRefusal) -> CollectedRequest {
        let type = MediaType(request.fields[.contentType] ?? "")
        try type.checkCharset()
        var collected = CollectedRequest()
        // The longer prefix first: the one begins with the other.
        if type.name.hasPrefix("application/cloudevents-batch") {
            try type.check(is: "application/cloudevents-batch+json")
            guard case .array(let members) = try JSONTree(request: request) else {
                throw .malformed("a batch is an array of events in JSON")
            }
            for (place, member) in members.enumerated() {
                collected.events.append(try CollectedEvent(structured: member, "events[\(place)]."))
            }
        } else if type.name.hasPrefix("application/cloudevents") {
            try type.check(is: "application/cloudevents+json")
            collected.events = [try CollectedEvent(structured: JSONTree(request: request), "")]
        } else {
            collected.events = [try binary(request, type)]
        }
        for (place, event) in collected.events.enumerated() {
            guard let given = event.attributes.first(where: { $0.name == "source" })?.value,
                Self.isMinted(given)
            else { continue }
            let name = collected.events.count == 1 ? "" : "events[\(place)]."
            throw RequestRefusal(
                status: 400,
                reason: "foreign-source",
                message: "\(name)source: begins with "
                    + "\(Self.minted.joined(separator: ", ")), which the collector gives to events "
                    + "of other protocols; expected another one"
            )
        }
        // An event without a time happened when it came.
        let received = request.received.description
        for place in collected.events.indices
        where !collected.events[place].attributes.contains(where: { $0.name == "time" }) {
            collected.events[place].attributes.append(("time", received))
        }
        return collected
    }

    /// How the sources begin that the collector makes itself, from the name of who has the key.
    private static let minted = ["/track/", "/segment/", "/ga4/"]

    /// Whether only the collector itself gives events the `source`: a client could else give an
    /// event the identity of another client's.
    static func isMinted(_ source: String) -> Bool { minted.contains(where: source.hasPrefix) }

    private func binary(
        _ request: CollectorRequest,
        _ type: MediaType
    ) throws(RequestRefusal) -> CollectedEvent {
        var attributes: [(name: String, value: String)] = []
        for field in request.fields where field.name.canonicalName.hasPrefix("ce-") {
            let name = String(field.name.canonicalName.dropFirst(3))
            guard name != "datacontenttype" else {
                throw RequestRefusal(
                    status: 400,
                    reason: "bad-header",
                    message: "ce-datacontenttype: is not allowed; Content-Type says it"
                )
            }
            guard !attributes.contains(where: { $0.name == name }) else {
                throw RequestRefusal(
                    status: 400,
                    reason: "duplicate-field",
                    message: "ce-\(name): given twice; expected once"
                )
            }
            guard let value = Self.value(of: field.value) else {
                throw RequestRefusal(
                    status: 400,
                    reason: "bad-header",
                    message: "ce-\(name): cannot be read; expected UTF-8 in percent-encoding"
                )
            }
            attributes.append((name, value))
        }
        for name in ["id", "source", "specversion", "type"]
        where !attributes.contains(where: { $0.name == name }) {
            throw RequestRefusal(
                status: attributes.isEmpty && !type.isJSON ? 415 : 400,
                reason: "missing-field",
                message: "ce-\(name): the header is missing; expected ce-id, ce-source, ce-type "
                    + "and ce-specversion, or the Content-Type application/cloudevents+json or "
                    + "application/cloudevents-batch+json"
            )
        }
        guard !request.body.isEmpty else {
            return CollectedEvent(attributes: attributes, data: .object([]))
        }
        guard type.isJSON || type.name.isEmpty else {
            throw RequestRefusal(
                status: 415,
                reason: "content-type",
                message: "Content-Type: the data of an event is JSON; expected application/json"
            )
        }
        attributes.append(("datacontenttype", "application/json"))
        return CollectedEvent(attributes: attributes, data: try JSONTree(request: request))
    }

    /// The value of a header: what quotes hold, then percent-decoded, once.
    static func value(of text: String) -> String? {
        var bytes = Array(text.utf8)
        if bytes.count >= 2, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\"") {
            var unquoted: [UInt8] = []
            var rest = bytes[1..<bytes.count - 1]
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() {
                    unquoted.append(escaped)
                } else {
                    unquoted.append(byte)
                }
            }
            bytes = unquoted
        }
        return PercentEncoding.decoded(bytes)
    }

    package func answer(to collected: CollectedRequest) -> CollectorAnswer {
        CollectorAnswer(status: 202)
    }

    package func answer(to refusal: RequestRefusal) -> CollectorAnswer { .refusal(refusal) }
}

extension CollectedEvent {
    /// The event that the object `tree` writes; `path` is where it is in the request.
    init(structured tree: JSONTree, _ path: String) throws(RequestRefusal) {
        guard case .object(let members) = tree else {
            let place = path.isEmpty ? "the body" : String(path.dropLast())
            throw .malformed("\(place): is no object; expected an event")
        }
        var attributes: [(name: String, value: String)] = []
        var data: JSONTree?
        for (name, value) in members {
            guard !attributes.contains(where: { $0.name == name }), name != "data" || data == nil
            else {
                throw RequestRefusal(
                    status: 400,
                    reason: "duplicate-field",
                    message: "\(path)\(name): given twice; expected once"
                )
            }
            if name == "data" {
                data = value
                continue
            }
            guard case .scalar(let scalar) = value else {
                throw RequestRefusal(
                    status: 400,
                    reason: "wrong-type",
                    message: "\(path)\(name): is no text; an attribute is a text"
                )
            }
            guard scalar != "null" else { continue }
            attributes.append((name, value.text ?? scalar))
        }
        self.init(attributes: attributes, data: data ?? .object([]))
    }
}
