public import Broker

/// Events as the broker carries them.
extension Batch: MessageBatch {
    /// The names of ``attribute(_:of:)``.
    package static let attributeNames = [
        "type", "source", "subject", "user", "session", "category", "currency",
    ]

    /// The text of an attribute that a subscription's filter may ask for, or nil if the event
    /// at `place` has none: `type` is the event's GA4 name, `subject` the order, cart or session
    /// it is about, `category` that of its first item.
    @usableFromInline package func attribute(_ name: String, of place: Int) -> String? {
        let event = events[place]
        let (symbol, namespace): (Symbol, Namespace)
        switch name {
        case "type": return event.name.ga4
        case "currency": return event.currency == .none ? nil : event.currency.code
        case "source": (symbol, namespace) = (event.source, .text)
        case "subject": (symbol, namespace) = (event.subject, event.subjectNamespace)
        case "user": (symbol, namespace) = (event.user, .user)
        case "session": (symbol, namespace) = (event.session, .session)
        case "category":
            guard event.itemCount > 0 else { return nil }
            (symbol, namespace) = (items[Int(event.firstItem)].category, .category)
        default: return nil
        }
        return symbol.isPresent ? symbols.text(of: symbol, in: namespace) : nil
    }

    /// The CloudEvents `subject`, by a hash that is the same in every symbol table, since a log
    /// goes through several.
    @usableFromInline package func orderingKey(of place: Int) -> OrderingKey? {
        let event = events[place]
        return OrderingKey(
            hash: symbols.stableHash(of: event.subject),
            space: event.subjectNamespace.rawValue
        )
    }
}
