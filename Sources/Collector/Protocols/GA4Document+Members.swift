internal import Commerce
internal import Timekeeping

/// The checks of what a request says beside its events.
extension GA4Document {
    /// Checks the members of the request but its events and its sender.
    mutating func checkMembers() {
        _ = check(time: root["timestamp_micros"], "timestamp_micros")
        checkUserProperties()
        checkTexts(of: "user_location", GA4Names.userLocation)
        checkTexts(of: "device", GA4Names.device)
        checkConsent()
        for name in ["ip_override", "user_agent"] {
            if let value = root[name], value.text == nil {
                add(.valueInvalid, name, "Measurement \(name) must be a string.", .doubtful)
            }
        }
        if let data = root["user_data"], !data.isObject {
            add(.valueInvalid, "user_data", "Measurement user_data must be an object.", .doubtful)
        }
        if let value = root["non_personalized_ads"],
            value.literal != "true", value.literal != "false"
        {
            add(
                .valueInvalid,
                "non_personalized_ads",
                "Measurement non_personalized_ads must be true or false.",
                .doubtful
            )
        }
    }

    /// Checks a time of `field`, and gives it where it is one.
    mutating func check(time: JSONTree?, _ field: String, event: Int? = nil) -> Timestamp? {
        guard let time else { return nil }
        guard let instant = GA4Document.instant(time) else {
            add(
                .valueInvalid,
                field,
                "Measurement \(field) must be a whole number of microseconds since 1970.",
                event: event
            )
            return nil
        }
        if instant < received - GA4Document.pastLimit {
            add(
                .valueInvalid,
                field,
                "Measurement \(field) has timestamp too far in the past. Measurement protocol "
                    + "only supports timestamps [72h] into the past. The current time in UNIX "
                    + "microseconds is [\(received.nanoseconds / 1000)].",
                .limit,
                event: event
            )
        }
        return instant
    }

    /// How old an event may be.
    static let pastLimit = Duration.seconds(72 * 3600)

    /// The instant of a whole number of microseconds, given as a number or as a text.
    static func instant(_ tree: JSONTree) -> Timestamp? {
        guard let digits = tree.number ?? tree.text,
            let whole = DecimalNumber(digits)?.wholeText, let micros = Int64(whole), micros >= 0
        else { return nil }
        let (nanoseconds, overflow) = micros.multipliedReportingOverflow(by: 1000)
        return overflow ? nil : Timestamp(nanoseconds: nanoseconds)
    }

    private mutating func checkUserProperties() {
        guard let properties = root["user_properties"] else { return }
        guard properties.isObject else {
            add(
                .valueInvalid,
                "user_properties",
                "Measurement user_properties must be an object.",
                .doubtful
            )
            return
        }
        if properties.members.count > 25 {
            add(
                .exceededMaxEntities,
                "user_properties",
                "Measurement has [\(properties.members.count)] user properties. A request can "
                    + "have at most [25] user properties.",
                .limit
            )
        }
        var seen: Set<String> = []
        for (name, property) in properties.members {
            checkName(of: name)
            if !seen.insert(name).inserted {
                add(
                    .nameDuplicated,
                    "user_properties",
                    "User property [\(GA4Document.short(name))] is given more than once.",
                    .doubtful
                )
            }
            checkValue(of: property, name)
        }
    }

    private mutating func checkName(of property: String) {
        let shown = GA4Document.short(property)
        let subject = "User property has name [\(shown)]"
        if GA4Names.reservedUserProperties.contains(property)
            || GA4Names.userPropertyPrefixes.contains(where: property.hasPrefix)
        {
            add(.nameReserved, "user_properties", "\(subject) which is reserved.", .doubtful)
        } else if let fault = GA4Document.fault(ofName: property) {
            add(
                .nameInvalid,
                "user_properties",
                "User property has invalid name [\(shown)]. \(fault)",
                .doubtful
            )
        } else if property.count > 24 {
            add(
                .nameInvalid,
                "user_properties",
                "\(subject) which is too long. Names can have at most [24] characters.",
                .limit
            )
        }
    }

    private mutating func checkValue(of property: JSONTree, _ name: String) {
        let field = "user_properties.\(GA4Document.short(name))"
        guard property.isObject else {
            add(
                .valueInvalid,
                field,
                "User property [\(GA4Document.short(name))] must be an object with a value.",
                .doubtful
            )
            return
        }
        guard let value = property["value"] else { return }
        if let literal = value.literal {
            let length = value.text?.count ?? literal.count
            if length > 36 {
                add(
                    .valueOutOfBounds,
                    "\(field).value",
                    "User property [\(GA4Document.short(name))] has a value of [\(length)] "
                        + "characters. Values can have at most [36] characters.",
                    .limit
                )
            }
        } else {
            add(
                .valueInvalid,
                "\(field).value",
                "User property [\(GA4Document.short(name))] must have a string or a number as "
                    + "value.",
                .doubtful
            )
        }
        _ = check(time: property["timestamp_micros"], "\(field).timestamp_micros")
    }

    private mutating func checkTexts(of name: String, _ known: Set<String>) {
        guard let tree = root[name] else { return }
        guard tree.isObject else {
            add(.valueInvalid, name, "Measurement \(name) must be an object.", .doubtful)
            return
        }
        let spelled = spelled(tree, known, name)
        _ = root.set([name], spelled)
        for (key, value) in spelled.members
        where known.contains(key) && !value.isNull && value.text == nil {
            add(.valueInvalid, "\(name).\(key)", "\(name).\(key) must be a string.", .doubtful)
        }
    }

    private mutating func checkConsent() {
        guard let consent = root["consent"] else { return }
        guard consent.isObject else {
            add(.valueInvalid, "consent", "Measurement consent must be an object.", .doubtful)
            return
        }
        let spelled = spelled(consent, GA4Names.consent, "consent")
        _ = root.set(["consent"], spelled)
        for (key, value) in spelled.members
        where GA4Names.consent.contains(key) && !["GRANTED", "DENIED"].contains(value.text) {
            add(
                .valueInvalid,
                "consent.\(key)",
                "consent.\(key) must be GRANTED or DENIED.",
                .doubtful
            )
        }
    }

    /// Why `name` is no name of an event or parameter, whatever its length; nil where it is one.
    static func fault(ofName name: String) -> String? {
        let bytes = name.utf8
        guard let first = bytes.first, (97...122).contains(first | 0x20) else {
            return "Names must start with an alphabetic character."
        }
        let isPlain = bytes.allSatisfy {
            (97...122).contains($0 | 0x20) || (48...57).contains($0) || $0 == UInt8(ascii: "_")
        }
        return isPlain ? nil : "Only alphanumeric characters and underscores are allowed."
    }
}
