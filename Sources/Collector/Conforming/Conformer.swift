internal import Commerce
package import Stages
package import Timekeeping

/// What the door knows of the request that an event came in.
package struct EventOrigin: Hashable, Sendable {
    /// The name of the source whose key was presented.
    package var source: String
    /// The `User-Agent` header in small letters; empty where there was none.
    package var userAgent: String
    /// When the request had come, as the `recordedtime` of each of its events.
    package var recordedTime: String

    package init(source: String, userAgent: String, received: Timestamp) {
        self.source = source
        // Once for all events of the request.
        self.userAgent = userAgent.lowercased()
        recordedTime = received.description
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

    /// Whether a rule hides personal data.
    package var hidesPersonalData: Bool { !rules.personalData.isEmpty }

    /// Every rule for personal data by the name under which it is counted, at zero: one that never
    /// finds its field is to be seen.
    var idle: [String: Int64] {
        Dictionary(rules.personalData.map { (Conformer.name(of: $0), 0) }) { first, _ in first }
    }

    private static func name(of rule: PersonalDataRule) -> String {
        "\(rule.treatment.rawValue) \(rule.field)"
    }

    /// Whether no event from `origin` is changed, but for its `recordedtime`.
    func leavesAlone(_ origin: EventOrigin) -> Bool {
        rules.personalData.isEmpty && rules.names.isEmpty && rules.currency == .none
            && rules.traffic.internalUsers.isEmpty
            && !rules.traffic.internalSources.contains(origin.source)
            && !rules.traffic.bots.contains(where: origin.userAgent.contains)
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
        if !event.attributes.contains(where: { $0.name == "recordedtime" }) {
            event.attributes.append(("recordedtime", origin.recordedTime))
        }
        // Last, so that nothing which was added escapes.
        for rule in rules.personalData {
            note(Conformer.name(of: rule), rule.apply(to: &event, secret: secret))
        }
        return applied
    }

    /// Brings into form what is kept of an event that was refused, and takes from the reason what a
    /// rule hides.
    package func conform(
        _ refused: inout RefusedEvent,
        from origin: EventOrigin
    ) -> [(rule: String, values: Int)] {
        guard var event = refused.event else {
            // Nobody can tell what is in a text that could not be read.
            if hidesPersonalData { refused.message = Conformer.hidden(refused.reason) }
            return []
        }
        let before = event
        let applied = conform(&event, from: origin)
        refused.event = event
        let texts = Conformer.texts(of: before).subtracting(Conformer.texts(of: event))
        // It may name the value that it is about.
        if texts.contains(where: { !$0.isEmpty && refused.message.contains($0) }) {
            refused.message = Conformer.hidden(refused.reason)
        }
        return applied
    }

    private static func hidden(_ reason: String) -> String {
        "\(reason); what it says of the value is hidden by a rule for personal data"
    }

    /// All single values of `event`.
    private static func texts(of event: CollectedEvent) -> Set<String> {
        var texts = Set(event.attributes.map(\.value))
        func add(_ tree: JSONTree) {
            switch tree {
            case .array(let elements): elements.forEach(add)
            case .object(let members): members.forEach { add($0.value) }
            case .scalar(let json): texts.insert(tree.text ?? json)
            }
        }
        add(event.data)
        return texts
    }

    /// Calls it what a rule says, by the `type`, the name in it, or the title that Segment's
    /// clients gave it.
    private func rename(_ event: inout CollectedEvent) -> Bool {
        guard !rules.names.isEmpty,
            let place = event.attributes.firstIndex(where: { $0.name == "type" })
        else { return false }
        let type = event.attributes[place].value
        let parts = type.split(separator: ".")
        let name = parts.count > 2 ? parts[2...].dropLast().joined(separator: ".") : type
        let known = [type, name, event.data[["event_title"]]?.text].compactMap(\.self)
        guard let new = known.lazy.compactMap({ rules.names[$0] }).first else { return false }
        event.attributes[place].value = new
        return true
    }

    /// Sets GA4's `traffic_type` where a rule knows the traffic and the client has not said it.
    private func mark(_ event: inout CollectedEvent, _ origin: EventOrigin) -> Bool {
        let user = event.data[["user_id"]]?.text
        let kind: String
        if rules.traffic.internalSources.contains(origin.source)
            || user.map(rules.traffic.internalUsers.contains) == true
        {
            kind = "internal"
        } else if rules.traffic.bots.contains(where: origin.userAgent.contains) {
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
}
