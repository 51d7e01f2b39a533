internal import Commerce
internal import Timekeeping

/// The payload of a GA4 request, with the spelling of the reference, and what is wrong with it.
struct GA4Document {
    /// The whole payload; an empty object where it could not be read.
    var root = JSONTree.object([])
    /// One entry an event, spelled as in the reference.
    private(set) var events: [JSONTree] = []
    /// In the order of the payload.
    private(set) var messages: [GA4Message] = []
    /// Whether what GA4 only recommends is an error.
    private(set) var enforces = false
    /// Whether the request is of an app, and not of a site.
    let isApp: Bool
    let received: Timestamp
    /// Names of events that the shop has beside GA4's.
    let ownNames: [String]

    /// Reads and checks `request`.
    init(_ request: CollectorRequest, ownNames: [String]) {
        isApp = request.query.contains { $0.name == "firebase_app_id" }
        received = request.received
        self.ownNames = ownNames
        checkQuery(of: request)
        do throws(RejectionReason) {
            root = spelled(try JSONTree(body: request.body), GA4Names.request, "")
        } catch {
            unreadable("\(error)")
            return
        }
        guard root.isObject else {
            unreadable("expected an object")
            return
        }
        readBehavior()
        checkSender()
        checkMembers()
        readEvents()
        for place in events.indices {
            check(event: place)
        }
    }

    /// What the validation server says.
    var validation: String {
        let said = messages.filter { $0.isSaid(enforcing: enforces) }.map { message in
            var members: [(key: String, value: JSONTree)] = []
            if !message.field.isEmpty {
                members.append(("fieldPath", JSONTree(text: message.field)))
            }
            members.append(("description", JSONTree(text: message.description)))
            members.append(("validationCode", JSONTree(text: message.code.rawValue)))
            return JSONTree.object(members)
        }
        return JSONTree.object([("validationMessages", .array(said))]).json
    }

    /// Why the event at `place` is not taken; nil where it is.
    func refusal(of place: Int) -> GA4Message? {
        messages.first {
            ($0.event == nil || $0.event == place) && $0.refuses(enforcing: enforces)
        }
    }

    /// Adds a message about the event at `event`, or about the whole request.
    mutating func add(
        _ code: GA4Message.Code,
        _ field: String,
        _ description: String,
        _ weight: GA4Message.Weight = .malformed,
        event: Int? = nil
    ) {
        messages.append(
            GA4Message(
                code: code,
                field: field,
                description: description,
                weight: weight,
                event: event
            )
        )
    }

    /// `tree` with those of its keys in the reference's spelling that are among `known`; a key
    /// that is not, or is there twice, is noted.
    mutating func spelled(
        _ tree: JSONTree,
        _ known: Set<String>,
        _ path: String,
        event: Int? = nil
    ) -> JSONTree {
        guard tree.isObject else { return tree }
        var members: [(key: String, value: JSONTree)] = []
        var seen: Set<String> = []
        for member in tree.members {
            let key = GA4Names.spelled(member.key, in: known)
            if !known.contains(key) {
                let place = path.isEmpty ? "" : "(\(path)) "
                add(
                    .valueInvalid,
                    "",
                    "Unable to parse Measurement Protocol JSON payload. "
                        + "\(place)\(GA4Document.short(key)): Cannot find field.",
                    .doubtful,
                    event: event
                )
            }
            if !seen.insert(key).inserted {
                let field = path.isEmpty ? key : "\(path).\(key)"
                add(.nameDuplicated, field, "[\(field)] is given more than once.", event: event)
            }
            members.append((key, member.value))
        }
        return .object(members)
    }

    /// `text`, cut where it is long.
    static func short(_ text: String) -> String {
        text.count > 100 ? text.prefix(100) + "..." : text
    }

    private mutating func unreadable(_ why: String) {
        add(
            .valueInvalid,
            "",
            "Unable to parse Measurement Protocol JSON payload. \(why)"
        )
    }

    private mutating func checkQuery(of request: CollectorRequest) {
        func has(_ name: String) -> Bool {
            request.query.contains { $0.name == name && !$0.value.isEmpty }
        }
        let instance = isApp ? "firebase_app_id" : "measurement_id"
        for name in ["api_secret", instance] where !has(name) {
            add(
                .valueRequired,
                name,
                "Unable to find non-empty parameter [\(name)] value in request.",
                .doubtful
            )
        }
    }

    private mutating func readBehavior() {
        guard let behavior = root["validation_behavior"] else { return }
        switch behavior.text {
        case "RELAXED": break
        case "ENFORCE_RECOMMENDATIONS": enforces = true
        default:
            add(
                .valueInvalid,
                "validation_behavior",
                "validation_behavior must be RELAXED or ENFORCE_RECOMMENDATIONS.",
                .doubtful
            )
        }
    }

    private mutating func checkSender() {
        if let user = root["user_id"], user.text == nil, user.number == nil {
            add(.valueInvalid, "user_id", "Measurement user_id must be a string.")
        }
        let name = isApp ? "app_instance_id" : "client_id"
        guard let sender = root[name] else {
            add(.valueRequired, name, "Measurement requires \(isApp ? "an" : "a") \(name).")
            return
        }
        guard let text = sender.text ?? sender.number else {
            add(.valueInvalid, name, "Measurement \(name) must be a string.")
            return
        }
        if text.isEmpty {
            add(.valueRequired, name, "Measurement requires \(isApp ? "an" : "a") \(name).")
        } else if isApp {
            checkAppInstance(text)
        } else if !GA4Document.isClient(text) {
            add(
                .valueInvalid,
                name,
                "Measurement client_id is expected to be two positive numbers joined by a point, "
                    + "such as 123456.7654321.",
                .limit
            )
        }
    }

    private mutating func checkAppInstance(_ text: String) {
        if text.count != 32 {
            add(
                .valueInvalid,
                "app_instance_id",
                "Measurement app_instance_id is expected to be a 32 digit hexadecimal number but "
                    + "was [\(text.count)] digits."
            )
        }
        if let stray = text.first(where: { !$0.isASCII || !$0.isHexDigit }) {
            add(
                .valueInvalid,
                "app_instance_id",
                "Measurement app_instance_id contains non hexadecimal character [\(stray)]."
            )
        }
    }

    private static func isClient(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy { part in
                part.allSatisfy { (48...57).contains($0) } && part.contains { $0 != 48 }
            }
    }

    /// Takes in the events: an array, or one alone, as some clients send it.
    private mutating func readEvents() {
        let given: [JSONTree]
        switch root["events"] {
        case .array(let events): given = events
        case .object(let event): given = [.object(event)]
        case .scalar:
            add(.valueInvalid, "events", "Measurement events must be an array of events.")
            return
        case nil: given = []
        }
        if given.isEmpty {
            add(.valueRequired, "events", "Measurement requires at least one event.")
        }
        if given.count > 25 {
            add(
                .exceededMaxEntities,
                "events",
                "Measurement has [\(given.count)] events. A request can have at most [25] events.",
                .limit
            )
        }
        for (place, event) in given.enumerated() {
            events.append(
                spelled(event, GA4Names.event, "events[\(place)]", event: place)
            )
        }
    }
}
