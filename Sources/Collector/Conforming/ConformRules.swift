package import Commerce
package import Timekeeping

/// What is done to every event at the door: it is enriched with what the door knows, brought into
/// the form that a pipeline declares, and relieved of what must not be kept.
///
/// All of it happens before the event is written anywhere, to a journal, a store or a log.
package struct ConformRules: Hashable, Sendable {
    /// What marks the traffic of machines, and of the shop's own people.
    package struct Traffic: Hashable, Sendable {
        /// Texts of a `User-Agent` header, in small letters, of which one is enough.
        package var bots: [String] = []
        /// Values of `user_id`.
        package var internalUsers: [String] = []
        /// Names of sources.
        package var internalSources: [String] = []

        package init() {}
    }

    package var personalData: [PersonalDataRule] = []
    /// The currency of a value that came without one.
    package var currency: Currency = .none
    /// The names of events as their clients write them, and what they are called here.
    package var names: [(from: String, to: String)] = []
    package var traffic = Traffic()

    /// No rules.
    package init() {}

    package static func == (left: ConformRules, right: ConformRules) -> Bool {
        left.personalData == right.personalData && left.currency == right.currency
            && left.names.elementsEqual(right.names) { $0 == $1 } && left.traffic == right.traffic
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(personalData)
        hasher.combine(currency)
        for name in names {
            hasher.combine(name.from)
            hasher.combine(name.to)
        }
        hasher.combine(traffic)
    }
}

/// What the door knows of the request that an event came in.
package struct EventOrigin: Hashable, Sendable {
    /// The name of the source whose key was presented.
    package var source: String
    /// The `User-Agent` header; empty where there was none.
    package var userAgent: String
    /// When the request had come.
    package var received: Timestamp
    /// The trace of the request, as a `traceparent`; an event without a trace gets it.
    package var traceparent: String

    package init(source: String, userAgent: String, received: Timestamp, traceparent: String) {
        self.source = source
        self.userAgent = userAgent
        self.received = received
        self.traceparent = traceparent
    }
}

/// Applies ``ConformRules``, and says how often each did something.
package struct Conformer: Sendable {
    private let rules: ConformRules
    private let secret: [UInt8]

    /// A conformer by `rules`; `secret` is what digests of personal data need.
    package init(_ rules: ConformRules, secret: [UInt8]) {
        self.rules = rules
        self.secret = secret
    }

    /// Brings `event` into form.
    ///
    /// - Returns: The rules that changed something, by the names under which they are counted, each
    ///   with how many values it changed.
    package func conform(
        _ event: inout CollectedEvent,
        from origin: EventOrigin
    ) -> [(rule: String, values: Int)] {
        var applied: [(rule: String, values: Int)] = []
        func note(_ rule: String, _ values: Int = 1) {
            if values > 0 { applied.append((rule, values)) }
        }
        if rename(&event) { note("rename") }
        if mark(&event, origin) { note("traffic-type") }
        if addCurrency(&event) { note("currency") }
        if addTrace(&event, origin) { note("correlation-id") }
        if !event.attributes.contains(where: { $0.name == "recordedtime" }) {
            event.attributes.append(("recordedtime", origin.received.description))
        }
        // Last, so that nothing which was added escapes.
        for rule in rules.personalData {
            note(
                "\(rule.treatment.rawValue) \(rule.field)",
                rule.apply(to: &event, secret: secret)
            )
        }
        return applied
    }

    private func rename(_ event: inout CollectedEvent) -> Bool {
        guard let place = event.attributes.firstIndex(where: { $0.name == "type" }),
            let name = rules.names.first(where: { $0.from == event.attributes[place].value })
        else { return false }
        event.attributes[place].value = name.to
        return true
    }

    /// Sets GA4's `traffic_type` where a rule knows the traffic and the client has not said it.
    private func mark(_ event: inout CollectedEvent, _ origin: EventOrigin) -> Bool {
        let agent = origin.userAgent.lowercased()
        let user = event.data[["user_id"]]?.text
        let kind: String
        if rules.traffic.internalSources.contains(origin.source)
            || user.map(rules.traffic.internalUsers.contains) == true
        {
            kind = "internal"
        } else if rules.traffic.bots.contains(where: agent.contains) {
            kind = "bot"
        } else {
            return false
        }
        guard event.data[["traffic_type"]] == nil else { return false }
        return event.data.set(["traffic_type"], JSONTree(text: kind)) == nil
    }

    private func addCurrency(_ event: inout CollectedEvent) -> Bool {
        guard rules.currency != .none, event.data[["currency"]] == nil,
            event.data[["value"]] != nil || event.data[["items"]] != nil
        else { return false }
        return event.data.set(["currency"], JSONTree(text: rules.currency.code)) == nil
    }

    private func addTrace(_ event: inout CollectedEvent, _ origin: EventOrigin) -> Bool {
        guard !event.attributes.contains(where: { $0.name == "traceparent" }) else { return false }
        event.attributes.append(("traceparent", origin.traceparent))
        return true
    }
}

extension CollectedEvent {
    /// It as structured CloudEvents JSON, on one line.
    package var json: [UInt8] {
        var members = attributes.map { (key: $0.name, value: JSONTree(text: $0.value)) }
        members.append((key: "data", value: data))
        return Array(JSONTree.object(members).json.utf8)
    }
}
