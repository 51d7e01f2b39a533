internal import Commerce
internal import HTTPTypes
internal import Timekeeping

/// Google Analytics 4's Measurement Protocol: `/mp/collect`, and its validation server,
/// `/debug/mp/collect`.
///
/// As with the real service, `/mp/collect` is answered 204 whatever the events say; those that are
/// wrong become dead letters. Only a body without any event that could be kept is answered 400.
/// `/debug/mp/collect` names what is wrong, and stores nothing.
package struct GA4Protocol: ClientProtocol {
    /// What tells an event from another.
    package enum Deduplication: String, Hashable, Sendable, CaseIterable {
        /// Every event that comes is one of its own: the protocol has no ids.
        case none
        /// A purchase, or a refund of a whole order, is known by its transaction: sent twice, it
        /// counts once. A refund that lists items is one of its own, since an order has several.
        case transaction
    }

    private static let collectPath = "/mp/collect"
    private static let validationPath = "/debug/mp/collect"
    /// The most bytes that a body may have, as Google's limit says.
    private static let sizeLimit = 130_000

    private let mint: IdentityMint
    private let deduplication: Deduplication
    private let ownNames: [String]

    /// The protocol.
    ///
    /// - Parameters:
    ///   - mint: What makes the ids of events.
    ///   - deduplication: What tells an event from another.
    ///   - ownNames: Names of events that the shop has beside GA4's, for hints.
    package init(
        mint: IdentityMint,
        deduplication: Deduplication = .none,
        ownNames: [String] = []
    ) {
        self.mint = mint
        self.deduplication = deduplication
        self.ownNames = ownNames
    }

    package var name: String { "ga4" }

    package func takes(_ request: CollectorRequest) -> Bool {
        request.method == "POST"
            && (request.path == GA4Protocol.collectPath
                || request.path == GA4Protocol.validationPath)
    }

    package func key(of request: CollectorRequest) -> String? {
        request.query.first { $0.name == "api_secret" && !$0.value.isEmpty }?.value
    }

    /// Google's validation server looks at no secret, but for whether there is one.
    package func isQuestion(_ request: CollectorRequest) -> Bool {
        request.path == GA4Protocol.validationPath
    }

    package func read(
        _ request: CollectorRequest,
        from source: String
    ) throws(RequestRefusal) -> CollectedRequest {
        guard request.body.count <= GA4Protocol.sizeLimit else {
            throw RequestRefusal(
                status: 413,
                reason: "too-large",
                message: "the body has \(request.body.count) bytes; GA4 takes at most "
                    + "\(GA4Protocol.sizeLimit); send fewer events a request"
            )
        }
        let document = GA4Document(request, ownNames: ownNames)
        var collected = CollectedRequest()
        guard request.path == GA4Protocol.collectPath else {
            collected.answer = .json(200, document.validation)
            return collected
        }
        for place in document.events.indices {
            if let refusal = document.refusal(of: place) {
                collected.refused.append(
                    GA4Protocol.refused(place, refusal, event(place, of: document, request, source))
                )
            } else {
                collected.events.append(event(place, of: document, request, source))
            }
        }
        // Google answers 204 here too. But nothing of it can be kept, so the client has to know.
        if document.events.isEmpty, let message = document.refusal(of: 0) {
            throw RequestRefusal(
                status: 400,
                reason: message.code.reason,
                message: message.description
            )
        }
        return collected
    }

    package func answer(to collected: CollectedRequest) -> CollectorAnswer {
        collected.answer ?? CollectorAnswer(status: 204)
    }

    package func answer(to refusal: RequestRefusal) -> CollectorAnswer {
        refusal.jsonAnswer
    }

    private static func refused(
        _ place: Int,
        _ message: GA4Message,
        _ event: CollectedEvent
    ) -> RefusedEvent {
        RefusedEvent(
            place: place,
            field: message.field.isEmpty ? nil : message.field,
            reason: message.code.reason,
            message: message.description,
            event: event
        )
    }

    private func event(
        _ place: Int,
        of document: GA4Document,
        _ request: CollectorRequest,
        _ source: String
    ) -> CollectedEvent {
        let given = document.events[place]["name"]?.text ?? ""
        // Without a name it is refused, and needs one as a dead letter.
        let name = given.isEmpty ? CollectedEvent.unnamed : given
        let data = document.data(of: place)
        let instance = request.query.first {
            ["measurement_id", "firebase_app_id"].contains($0.name) && !$0.value.isEmpty
        }
        var attributes = [
            (
                name: "id",
                value: id(of: name, data) ?? mint.id(at: request.received)
            ),
            (name: "source", value: "/ga4/\(instance?.value ?? source)"),
            (name: "specversion", value: "1.0"),
            (name: "type", value: "com.weir.shop.\(name).v1"),
            (name: "time", value: "\(document.time(of: place))"),
        ]
        let subject =
            ["purchase", "refund"].contains(name) ? "transaction_id" : "session_id"
        if let text = data[subject]?.text, !text.isEmpty {
            attributes.append((name: "subject", value: text))
        }
        return CollectedEvent(attributes: attributes, data: data)
    }

    /// The id of an event that is known by its transaction.
    private func id(of name: String, _ data: JSONTree) -> String? {
        guard deduplication == .transaction,
            name == "purchase" || name == "refund" && data["items"] == nil,
            let transaction = data["transaction_id"]?.text, !transaction.isEmpty
        else { return nil }
        return "\(name):\(transaction)"
    }
}

extension GA4Document {
    /// When the event at `place` happened: the first of its own time, that among its parameters,
    /// that of the request, and its receipt; what is older than 72 hours counts as that old.
    func time(of place: Int) -> Timestamp {
        let given = [
            events[place]["timestamp_micros"], events[place]["params"]?["timestamp_micros"],
            root["timestamp_micros"],
        ]
        let time = given.lazy.compactMap(\.self).first.flatMap(GA4Document.instant)
        return max(time ?? received, received - GA4Document.pastLimit)
    }

    /// The parameters of the event at `place`, with what the request says of its user.
    func data(of place: Int) -> JSONTree {
        let event = events[place]
        var members: [(key: String, value: JSONTree)] = []
        func add(_ key: String, _ value: JSONTree?) {
            guard let value, !members.contains(where: { $0.key == key }) else { return }
            members.append((key, value))
        }
        let users = [
            root["user_id"], event["params"]?["user_id"], root["client_id"],
            root["app_instance_id"],
        ]
        add("user_id", users.lazy.compactMap(\.self).first { $0.literal != "\"\"" })
        add("timestamp_micros", event["timestamp_micros"])
        for member in (event["params"] ?? .object([])).members {
            add(member.key, member.value.isNull ? nil : member.value)
        }
        add("timestamp_micros", root["timestamp_micros"])
        for name in [
            "client_id", "app_instance_id", "user_properties", "user_data", "consent",
            "non_personalized_ads", "user_location", "ip_override", "device", "user_agent",
        ] {
            add(name, root[name])
        }
        return JSONTree.object(members).conformedParameters
    }
}

extension RequestRefusal {
    /// The refusal as JSON with `code` and `message`, as the clients of Segment read it.
    var jsonAnswer: CollectorAnswer {
        let body = JSONTree.object([
            ("code", JSONTree(text: reason)), ("message", JSONTree(text: message)),
        ])
        return .json(status, body.json)
    }
}
