/// The events of a shop beside those that GA4 has named, and what becomes of any other.
///
/// A declared event has a name and the kinds of its parameters. What GA4 has named means the same
/// in every event: `user_id`, `session_id`, `transaction_id`, `value`, `currency` and `items`.
package struct EventDeclarations: Hashable, Sendable {
    /// What a parameter holds.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case string
        case integer
        case number
        case boolean
        /// Who did it, which is the `user_id`.
        case user
        /// In which session, which is the `session_id`.
        case session
        /// Of which order, which is the `transaction_id`.
        case order

        /// The one parameter that may be of this kind; nil where any may.
        package var parameter: String? {
            switch self {
            case .string, .integer, .number, .boolean: nil
            case .user: EventParameter.userID.rawValue
            case .session: EventParameter.sessionID.rawValue
            case .order: EventParameter.transactionID.rawValue
            }
        }
    }

    /// An event that the shop has named itself.
    package struct Declaration: Hashable, Sendable {
        package var name: String
        /// In the order of the file; each name once.
        package var parameters: [Parameter]

        package init(name: String, parameters: [Parameter]) {
            self.name = name
            self.parameters = parameters
        }
    }

    /// A parameter of a declared event.
    package struct Parameter: Hashable, Sendable {
        package var name: String
        package var kind: Kind

        package init(name: String, kind: Kind) {
            self.name = name
            self.kind = kind
        }
    }

    /// What becomes of what is not declared.
    package enum Unknown: String, Hashable, Sendable, CaseIterable {
        /// It is stored and counted, by its name.
        case keep
        /// No event is made of it, and it is said why.
        case reject
    }

    /// In the order of the file; each name once.
    package var declared: [Declaration] = []
    /// What becomes of events that are neither GA4's nor declared.
    package var unknownEvents = Unknown.reject
    /// What becomes of parameters that GA4's events do not have; custom events may have any.
    package var unknownParameters = Unknown.reject

    /// No events but GA4's.
    package init() {}

    /// Takes everything: how an event is read that was accepted before.
    package static let accepted: EventDeclarations = {
        var events = EventDeclarations()
        events.unknownEvents = .keep
        events.unknownParameters = .keep
        return events
    }()

    /// The kinds that a parameter may be of to which GA4 gives a meaning: none where it is no
    /// single value, nil where GA4 gives it none.
    package static func kinds(ofGA4Parameter name: String) -> [Kind]? {
        guard let parameter = EventParameter(rawValue: name) else { return nil }
        switch parameter {
        case .userID: return [.user, .string]
        case .sessionID: return [.session, .string]
        case .transactionID: return [.order, .string]
        case .value, .tax, .shipping: return [.number]
        case .orderPart: return [.boolean]
        case .items: return []
        case .currency, .coupon, .affiliation, .itemListID, .itemListName, .searchTerm,
            .locationID, .paymentType, .shippingTier, .customerType, .promotionID, .promotionName,
            .creativeName, .creativeSlot:
            return [.string]
        }
    }

    /// The longest name of a custom event, in bytes.
    package static let longestName = 100

    /// The declaration of the event called `name`; nil where there is none.
    package func declaration(of name: String) -> Declaration? {
        declared.first { $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// All names that are known, GA4's first.
    var names: [String] { EventName.ga4Cases.map(\.ga4) + declared.map(\.name) }
}

extension EventName {
    /// The CloudEvents `type` of the custom event called `name`.
    package static func cloudEventType(ofCustom name: String) -> String {
        // A name with dots was the whole type of its event.
        name.utf8.contains(UInt8(ascii: ".")) ? name : "com.weir.shop.\(name).v1"
    }

    /// The name in a CloudEvents `type`: `com.….<name>.v<number>`, or else the whole of it.
    package static func name(inCloudEventType type: String) -> Substring {
        // com.<one or more parts>.<name>.v<number>, read from its end.
        let bytes = type.utf8
        let dot = UInt8(ascii: ".")
        guard bytes.starts(with: "com.".utf8), let versionDot = bytes.lastIndex(of: dot),
            let nameDot = bytes[..<versionDot].lastIndex(of: dot)
        else { return type[...] }
        let version = bytes[bytes.index(after: versionDot)...]
        let name = type[bytes.index(after: nameDot)..<versionDot]
        guard version.first == UInt8(ascii: "v"), version.count > 1,
            version.dropFirst().allSatisfy({ (48...57).contains($0) }), !name.isEmpty,
            bytes.distance(from: bytes.startIndex, to: nameDot) > "com.".utf8.count
        else { return type[...] }
        return name
    }

    /// The CloudEvents `type` of an event that GA4 has named: `com.weir.shop.<GA4 name>.v1`.
    package var cloudEventType: String { EventName.cloudEventTypes[Int(rawValue)] }

    private static let cloudEventTypes = EventName.allCases.map { "com.weir.shop.\($0.ga4).v1" }

    /// The event of GA4 that a CloudEvents `type` names; nil where it is none of them.
    package init?(cloudEventType type: String) {
        self.init(ga4: EventName.name(inCloudEventType: type))
    }
}
