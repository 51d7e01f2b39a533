internal import Commerce
internal import HTTPTypes
internal import Timekeeping

/// One call of the Segment API: a request of its own, or a member of a batch.
struct SegmentCall {
    /// What calls there are; only `track` is an event.
    static let kinds: Set<String> = ["track", "identify", "page", "screen", "group", "alias"]

    /// The most characters that an id may have.
    private static let idLimit = 100

    private let call: JSONTree
    private let sentAt: JSONTree?
    private let place: Int
    private let received: Timestamp

    /// The call `call`, at `place` of a request that was received at `received`; `batch` says what
    /// holds for all calls of one, and is nil for a call of its own.
    init(_ call: JSONTree, in batch: JSONTree?, place: Int, received: Timestamp) {
        var call = call
        for name in ["context", "integrations"] {
            guard let common = batch?[name] else { continue }
            _ = call.set([name], SegmentCall.merged(common, call[name]))
        }
        self.call = call
        sentAt = call["sentAt"] ?? batch?["sentAt"]
        self.place = place
        self.received = received
    }

    /// The members of `common`, and over them those of `own`.
    private static func merged(_ common: JSONTree, _ own: JSONTree?) -> JSONTree {
        guard let own else { return common }
        guard common.isObject, own.isObject else { return own }
        let kept = common.members.filter { member in
            !own.members.contains { $0.key == member.key }
        }
        return .object(kept + own.members)
    }

    /// The event of a `track` from `source`; `mint` makes the id where the client gave none.
    func event(
        from source: String,
        _ mint: IdentityMint
    ) throws(SegmentFault) -> CollectedEvent {
        guard let given = call["event"] else {
            throw fault("event", "event-missing", "is missing; a track needs the name of an event")
        }
        guard let title = given.text, let name = SegmentEventName(title) else {
            throw fault("event", "event-name", "is no name; expected a text with letters or digits")
        }
        let user = try id("userId")
        let anonymous = try id("anonymousId")
        guard let user = user ?? anonymous else {
            throw fault("userId", "user-missing", "is missing; a call needs userId or anonymousId")
        }
        let properties = call["properties"] ?? .object([])
        guard properties.isObject else {
            throw fault("properties", "wrong-type", "is no object")
        }
        let time = try time
        let data = JSONTree.object(members(of: name, title, user, anonymous)).conformedParameters
        if let wrong = data.wrongParameter {
            throw fault("properties.\(wrong)", "wrong-type", "is of another type than it needs")
        }
        return CollectedEvent(
            attributes: try attributes(of: name, time, data, source, mint),
            data: data
        )
    }

    /// The members of the event's data, by the names that they have here.
    private func members(
        of name: SegmentEventName,
        _ title: String,
        _ user: String,
        _ anonymous: String?
    ) -> [(key: String, value: JSONTree)] {
        let properties = call["properties"] ?? .object([])
        var members = [(key: "user_id", value: JSONTree(text: user))]
        if let anonymous { members.append(("anonymous_id", JSONTree(text: anonymous))) }
        let session = call["context"]?["sessionId"] ?? call["context"]?["session_id"]
        if properties["session_id"] == nil, let session {
            members.append(("session_id", session))
        }
        let parameters = SegmentProperties(properties, of: name).data.members
        members += parameters.filter { parameter in
            !members.contains { $0.key == parameter.key }
        }
        members.append(("event_title", JSONTree(text: title)))
        for name in ["context", "integrations"] where !members.contains(where: { $0.key == name }) {
            if let value = call[name], !value.members.isEmpty { members.append((name, value)) }
        }
        return members
    }

    /// What a dead letter keeps of a call that no event could be made of: all of it, by the names
    /// that it would have as an event, so that rules for personal data find them.
    func outline(from source: String, _ mint: IdentityMint) -> CollectedEvent {
        func text(_ name: String) -> String? {
            call[name].flatMap { $0.isNull ? nil : $0.text ?? $0.json }
        }
        let given = text("messageId").flatMap { text in
            text.isEmpty || text.utf8.count > SegmentCall.idLimit ? nil : text
        }
        let title = text("event") ?? ""
        let name = SegmentEventName(title) ?? SegmentEventName(CollectedEvent.unnamed)
        var members =
            name.map {
                self.members(of: $0, title, text("userId") ?? "", text("anonymousId"))
            } ?? []
        members.removeAll { $0.key == "user_id" && call["userId"] == nil }
        let mapped: Set = [
            "event", "userId", "anonymousId", "messageId", "context", "integrations",
        ]
        for member in call.members where !mapped.contains(member.key) {
            if member.key == "properties", member.value.isObject { continue }
            if !members.contains(where: { $0.key == member.key }) { members.append(member) }
        }
        return CollectedEvent(
            attributes: [
                (name: "id", value: given ?? mint.id(at: received)),
                (name: "source", value: "/segment/\(source)"),
                (name: "specversion", value: "1.0"),
                (
                    name: "type",
                    value: "com.weir.shop.\(name?.ga4 ?? CollectedEvent.unnamed).v1"
                ),
                (name: "time", value: "\(received)"),
            ],
            data: .object(members)
        )
    }

    private func attributes(
        of name: SegmentEventName,
        _ time: Timestamp,
        _ data: JSONTree,
        _ source: String,
        _ mint: IdentityMint
    ) throws(SegmentFault) -> [(name: String, value: String)] {
        let id = try id("messageId") ?? mint.id(at: received)
        var attributes = [
            (name: "id", value: id),
            (name: "source", value: "/segment/\(source)"),
            (name: "specversion", value: "1.0"),
            (name: "type", value: "com.weir.shop.\(name.ga4).v1"),
            (name: "time", value: "\(time)"),
        ]
        let subject =
            ["purchase", "refund"].contains(name.ga4) ? "transaction_id" : "session_id"
        if let text = data[subject]?.text, !text.isEmpty {
            attributes.append((name: "subject", value: text))
        }
        let context = call["context"]
        if let trace = context?["traceparent"]?.text, TraceContext.isTraceparent(trace) {
            attributes.append((name: "traceparent", value: trace))
        }
        for key in ["correlationid", "correlationId", "correlation_id"] {
            guard let text = context?[key]?.text, !text.isEmpty else { continue }
            attributes.append((name: "correlationid", value: text))
            break
        }
        return attributes
    }

    /// When it happened by the clock of the collector: as long before the receipt as it was, by
    /// the client's clock, before the sending.
    ///
    /// Without both of the client's times, its own time,
    /// else that of receipt.
    private var time: Timestamp {
        get throws(SegmentFault) {
            let original = try instant(call["originalTimestamp"], "originalTimestamp")
            let given = try instant(call["timestamp"], "timestamp")
            guard let happened = original ?? given else { return received }
            guard let sent = try instant(sentAt, "sentAt") else { return given ?? happened }
            return received - (sent - happened)
        }
    }

    private func instant(_ tree: JSONTree?, _ field: String) throws(SegmentFault) -> Timestamp? {
        guard let tree else { return nil }
        guard let text = tree.text, let instant = Timestamp(rfc3339: text) else {
            throw fault(
                field,
                "bad-date",
                "is no time; expected RFC 3339, such as "
                    + "1997-01-01T00:00:00Z"
            )
        }
        return instant
    }

    /// The id in `field`; nil where there is none.
    private func id(_ field: String) throws(SegmentFault) -> String? {
        guard let given = call[field] else { return nil }
        guard let text = given.text ?? given.number else {
            throw fault(field, "wrong-type", "is no text")
        }
        guard text.utf8.count <= SegmentCall.idLimit else {
            throw fault(field, "too-large", "has more than \(SegmentCall.idLimit) characters")
        }
        return text.isEmpty ? nil : text
    }

    private func fault(_ field: String, _ reason: String, _ message: String) -> SegmentFault {
        SegmentFault(
            refused: RefusedEvent(
                place: place,
                field: field,
                reason: reason,
                message: "\(field) \(message)"
            )
        )
    }
}

/// Why no event could be made of a call.
struct SegmentFault: Error {
    var refused: RefusedEvent
}
