/// What goes wrong.
///
/// Every kind works on a port that stages see, so that no stage knows of faults.
package enum FaultKind: String, Hashable, Sendable, CaseIterable {
    // MARK: Stores

    /// Every call fails as if the server were down.
    case unavailable
    /// Every call takes longer, `by` so much.
    case slow
    /// A `share` of the calls fails.
    case failing
    /// A `share` of the calls finds no connection; the server says that all `limit` are open.
    case outOfConnections = "out-of-connections"
    /// A `share` of the writes is done, and reported as failed.
    case acknowledgementLost = "acknowledgement-lost"
    /// A `share` of the commits is stored without the block that its chain should have of it.
    case metadataBlocksLost = "metadata-blocks-lost"

    // MARK: Stages

    /// It dies with what it had in hand, and starts again at the end; `every` so often where that
    /// is reported.
    case crash
    /// It takes messages and does nothing with them until the end.
    case hang
    /// It acknowledges a `share` of the messages without reading them.
    case drop
    /// It takes the value of a `share` of the events for `factor` times what it is.
    case alter

    // MARK: Subscriptions and topics

    /// Nothing passes.
    case partition

    // MARK: What producers publish

    /// A `share` of the batches is published twice.
    case duplicate
    /// A `share` of the batches is published after the one that follows.
    case reordered
    /// A `share` of the events carries a time that is `by` so much earlier.
    case late
    /// A `share` of the events has a value below zero.
    case malformed
    /// A `share` of the events that have items has `limit` of them.
    case oversized
    /// A `share` of the events lacks its currency, as under another schema.
    case schemaChange = "schema-change"
    /// A `share` of the orders has an empty transaction id.
    case emptyTransaction = "empty-transaction-id"
    /// A `share` of the orders has the transaction id of the order before.
    case repeatedTransaction = "repeated-transaction-id"
    /// The producer's clock is fast, `by` so much.
    case clockSkew = "clock-skew"

    // MARK: Traffic

    /// `factor` times the load.
    case spike
    /// `factor` times the load, and all of it wants one product.
    case flashSale = "flash-sale"
    /// `factor` times the load, of which what is too much are views by one user.
    case botFlood = "bot-flood"
    /// `factor` of the load, below 1.
    case drought

    /// The kinds of targets for faults.
    package enum Place: Hashable, Sendable {
        case store
        /// A store of aggregates.
        case warehouse
        /// A stage that reads a subscription.
        case stage
        case subscription
        case topic
        case producer

        /// Whether it is a store, of any kind.
        package var isStore: Bool { self == .store || self == .warehouse }

        /// The noun in messages, with an article.
        package var noun: String {
            switch self {
            case .store: "a store"
            case .warehouse: "a warehouse"
            case .stage: "a stage that reads a subscription"
            case .subscription: "a subscription"
            case .topic: "a topic"
            case .producer: "a producer"
            }
        }
    }

    /// The parameters of a fault besides when and where.
    package enum Parameter: String, Hashable, Sendable, CaseIterable {
        /// A share of the calls or events, from 0 to 1; all by default.
        case share
        /// A length of time.
        case by
        case factor
        case limit
        case every
    }

    /// Where it can happen.
    package var places: [Place] {
        switch self {
        case .unavailable, .slow, .failing, .outOfConnections, .acknowledgementLost: [.store]
        case .metadataBlocksLost: [.warehouse]
        case .crash, .hang, .drop, .alter: [.stage]
        case .partition: [.subscription, .topic]
        case .duplicate, .reordered, .late, .malformed, .oversized, .schemaChange,
            .emptyTransaction, .repeatedTransaction, .clockSkew, .spike, .flashSale, .botFlood,
            .drought:
            [.producer]
        }
    }

    /// The parameters it may have, and those it must have.
    package var parameters: (required: [Parameter], optional: [Parameter]) {
        switch self {
        case .slow, .clockSkew: ([.by], [])
        case .late: ([.by], [.share])
        case .outOfConnections, .oversized: ([.limit], [.share])
        case .alter: ([.factor], [.share])
        case .spike, .flashSale, .botFlood, .drought: ([.factor], [])
        case .crash: ([], [.every])
        case .unavailable, .hang, .partition: ([], [])
        case .failing, .acknowledgementLost, .metadataBlocksLost, .drop, .duplicate, .reordered,
            .malformed,
            .schemaChange, .emptyTransaction, .repeatedTransaction:
            ([], [.share])
        }
    }

    /// Whether what it did stays, however well all goes afterwards.
    package var isLasting: Bool {
        switch self {
        case .drop, .alter, .metadataBlocksLost: true
        default: false
        }
    }

    /// Whether it changes how many events there are.
    package var isTraffic: Bool {
        switch self {
        case .spike, .flashSale, .botFlood, .drought: true
        default: false
        }
    }
}
