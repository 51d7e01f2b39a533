package import Broker
package import Storage
internal import Timekeeping

extension SQLWarehouse {
    package var journeys: (any JourneyStore)? { self }

    package func journeyMap() async throws(StoreError) -> JourneyMap {
        try await read { [damage] session in
            var map = JourneyMap()
            for source in try session.map(
                JourneyStatement.sources,
                notingIn: damage,
                { row in
                    JourneyMap.Source(
                        dataset: try row.text(0),
                        isDerivative: try row.text(2) == "SetTransform",
                        payload: try row.text(3)
                    )
                }
            ) {
                // The latest of a dataset is what holds.
                map.sources.removeAll { $0.dataset == source.dataset }
                map.sources.append(source)
            }
            map.owners = try session.map(JourneyStatement.owners, notingIn: damage) { row in
                JourneyMap.Owner(topic: try row.text(0), subscription: try row.text(1))
            }
            map.grains = try session.map(JourneyStatement.parts, notingIn: damage) {
                Grain(rawValue: try $0.text(0))
            }.compactMap(\.self).sorted()
            map.census = try session.map(JourneyStatement.census) { try $0.instant(0) }.first
            map.numbers = try session.map(JourneyStatement.numbers, notingIn: damage) { row in
                JourneyMap.Numbers(
                    source: try row.text(0),
                    last: try row.optionalInteger(1),
                    firstGap: try row.optionalInteger(2),
                    refused: try row.count(3)
                )
            }
            map.dropped = try session.map(JourneyStatement.dropped, notingIn: damage) { row in
                JourneyMap.Dropped(
                    messages: try row.count(6),
                    span: try DroppedMessages(row)
                )
            }
            return map
        }
    }

    package func lastDropped() async throws(StoreError) -> Int64? {
        try await read { session in
            try session.map(JourneyStatement.lastDropped) { try $0.optionalInteger(0) }.first ?? nil
        }
    }

    package func dropped(at position: Int64) async throws(StoreError) -> [DroppedMessages] {
        try await read { [damage] session in
            var found: [DroppedMessages] = []
            for subscription in try session.subscriptions(in: "dropped_messages") {
                for cause in DroppedMessages.Cause.allCases {
                    // Runs of one cause do not overlap, unless a seek has brought messages back.
                    found += try session.map(
                        JourneyStatement.droppedUpTo,
                        [.text(subscription), .text(cause.rawValue), .integer(position)],
                        notingIn: damage,
                        { try DroppedMessages($0) }
                    ).filter { $0.positions.contains(position) }
                }
            }
            return found
        }
    }

    package func exceptions(
        of source: String,
        id: String
    ) async throws(StoreError) -> [EventException] {
        try await read { [damage] session in
            var found: [EventException] = []
            for subscription in try session.subscriptions(in: "late_events") {
                try session.forEach(
                    JourneyStatement.late,
                    [.text(subscription), .key(source), .key(id)],
                    notingIn: damage
                ) { row in
                    found.append(
                        .late(
                            subscription: subscription,
                            missed: try row.value(3),
                            lateness: try row.span(4)
                        )
                    )
                }
            }
            for subscription in try session.subscriptions(in: "uncounted_events") {
                for reason in UncountedEvent.Reason.allCases {
                    try session.forEach(
                        JourneyStatement.uncounted,
                        [.text(subscription), .text(reason.rawValue), .key(source), .key(id)]
                    ) { _ in
                        found.append(
                            .uncounted(subscription: subscription, reason: reason.rawValue)
                        )
                    }
                }
            }
            for subscription in try session.subscriptions(in: "dead_letters") {
                let filter = LetterFilter(
                    subscription: subscription,
                    source: source,
                    id: id,
                    isOpen: false
                )
                found += try session.letters(filter, after: nil, atMost: 100, notingIn: damage)
                    .map(EventException.deadLetter)
            }
            return found
        }
    }
}

extension SQLSession {
    /// The subscriptions that have rows in `table`, of which its key begins with one: by a step of
    /// the index for each.
    fileprivate func subscriptions(in table: String) throws -> [String] {
        var found: [String] = []
        while true {
            let next = try map(
                SQLStatement(
                    """
                    SELECT subscription FROM \(table) WHERE subscription > $1
                    ORDER BY subscription LIMIT 1
                    """,
                    of: table
                ),
                [.text(found.last ?? "")]
            ) { try $0.text(0) }
            guard let name = next.first else { return found }
            found.append(name)
        }
    }
}

extension DroppedMessages {
    fileprivate init(_ row: some SQLRow) throws {
        let first = try row.integer(2)
        self.init(
            subscription: try row.text(0),
            cause: try row.value(1),
            positions: first...max(first, try row.integer(3)),
            first: try row.instant(4),
            last: try row.instant(5)
        )
    }

    /// What is stored of it.
    package var values: [SQLValue] {
        [
            .text(subscription), .text(cause.rawValue), .integer(positions.lowerBound),
            .integer(positions.upperBound), .integer(first.nanoseconds),
            .integer(last.nanoseconds),
        ]
    }
}

private enum JourneyStatement {
    static let dropped = SQLStatement(
        """
        SELECT subscription, cause, min(first_position), max(last_position), min(first_ns),
            max(last_ns), cast(sum(last_position - first_position + 1) AS bigint)
        FROM dropped_messages GROUP BY subscription, cause ORDER BY subscription, cause
        """,
        of: "dropped_messages",
        keys: 2
    )

    static let lastDropped = SQLStatement(
        "SELECT max(last_position) FROM dropped_messages",
        of: "dropped_messages"
    )

    static let droppedUpTo = SQLStatement(
        """
        SELECT subscription, cause, first_position, last_position, first_ns, last_ns
        FROM dropped_messages WHERE subscription = $1 AND cause = $2 AND first_position <= $3
        ORDER BY first_position DESC LIMIT 1
        """,
        of: "dropped_messages",
        keys: 1
    )

    static let sources = SQLStatement(
        """
        SELECT dataset_id, sequence_number, event_type, payload FROM dataset_key_blocks
        WHERE event_type IN ('AddPushSource', 'SetTransform')
        ORDER BY dataset_id, sequence_number
        """,
        of: "dataset_key_blocks",
        keys: 2
    )

    static let owners = SQLStatement(
        "SELECT topic, subscription FROM counting_owners ORDER BY topic",
        of: "counting_owners",
        keys: 1
    )

    static let parts = SQLStatement(
        "SELECT part FROM kept_parts WHERE is_kept <> 0 ORDER BY part",
        of: "kept_parts",
        keys: 1
    )

    static let census = SQLStatement("SELECT taken_ns FROM raw_census", of: "raw_census")

    static let numbers = SQLStatement(
        """
        SELECT source, last_sequence, first_gap, refused FROM raw_census_sources ORDER BY source
        """,
        of: "raw_census_sources",
        keys: 1
    )

    static let late = SQLStatement(
        """
        SELECT subscription, source, id, missed_grain, lateness_ns FROM late_events
        WHERE subscription = $1 AND source = $2 AND id = $3
        """,
        of: "late_events",
        keys: 3
    )

    static let uncounted = SQLStatement(
        """
        SELECT subscription FROM uncounted_events
        WHERE subscription = $1 AND reason = $2 AND source = $3 AND id = $4 LIMIT 1
        """,
        of: "uncounted_events"
    )
}
