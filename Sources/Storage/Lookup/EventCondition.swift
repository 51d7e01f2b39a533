internal import Commerce

/// What stored events can be found by.
package enum EventKey: String, Hashable, Sendable, CaseIterable {
    /// The order: GA4's `transaction_id`.
    case order
    /// The shopper: `user_id`.
    case user
    /// The session: `session_id`.
    case session
    /// A product among the items: `item_id`.
    case product
    /// The event's own CloudEvents `id`.
    case id
    /// The number that the topic gave the event: its position.
    case message = "message-id"
    /// The W3C trace id, by which logs name it as the correlation id.
    case trace
}

/// A key that an event has to have to be found.
package struct EventCondition: Hashable, Sendable {
    package let key: EventKey
    /// As it is looked for: a trace id as 32 lower-case digits, a position without zeros before it.
    package let value: String

    /// The condition that `key` is `value`; nil where that cannot be, of an event.
    package init?(_ key: EventKey, _ value: String) {
        self.key = key
        switch key {
        case .message:
            guard let position = Int64(value), position > 0, !value.hasPrefix("+") else {
                return nil
            }
            self.value = "\(position)"
        case .trace:
            // As a whole `traceparent` as well, since that is what logs and headers have.
            let lower = value.lowercased()
            let text =
                TraceContext.isTraceparent(lower) ? String(lower.dropFirst(3).prefix(32)) : lower
            guard TraceContext.traceID(text) != nil else { return nil }
            self.value = text
        case .order, .user, .session, .product, .id:
            guard !value.isEmpty else { return nil }
            self.value = value
        }
    }

    /// What a value of `key` looks like.
    package static func form(of key: EventKey) -> String {
        switch key {
        case .message: "a position in a topic, from 1"
        case .trace: "32 hexadecimal digits, or a whole traceparent"
        case .order, .user, .session, .product, .id: "a text that is not empty"
        }
    }
}

/// Which stored events are asked for: those that meet all conditions.
package struct EventSearch: Sendable {
    package var conditions: [EventCondition]
    /// Only events at positions behind this one are found.
    package var after: Int64
    /// How many are given.
    package var limit: Int
    /// How many of the others are looked at one by one.
    package var countLimit: Int

    package init(
        _ conditions: [EventCondition],
        after: Int64 = .min,
        limit: Int,
        countLimit: Int = 200
    ) {
        self.conditions = conditions
        self.after = after
        self.limit = limit
        self.countLimit = countLimit
    }
}
