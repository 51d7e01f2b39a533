internal import Commerce
package import Reports
package import Storage
internal import Timekeeping

/// The stored events that a query has found, for people and programs.
package struct EventListing: WrittenReport, Decodable, Sendable {
    /// An event; what it does not have is nil.
    package struct Line: Codable, Sendable {
        /// In its topic, from 1; 0 where its producer has not published it yet.
        package var position: Int64
        /// RFC 3339.
        package var time: String
        package var name: String
        package var order: String?
        package var user: String?
        package var session: String?
        package var products: [String]
        /// A decimal number, exact.
        package var value: String?
        package var currency: String?
        package var subject: String?
        package var id: String
        package var source: String
        /// In the order of its source.
        package var sequence: Int64?
        package var trace: String?
        package var causation: String?
    }

    /// What a number of events says.
    package enum Precision: String, Codable, Sendable {
        /// They were counted.
        case exact
        /// So many or a few less: they are named by an index, and were not looked at.
        case about
        /// They were not counted further.
        case atLeast = "at-least"
        /// The store could not be asked.
        case unknown

        fileprivate func text(_ count: Int64) -> String {
            let number = ReportNumbers.count(count)
            return switch self {
            case .exact: number
            case .about: "about \(number)"
            case .atLeast: "more than \(number)"
            case .unknown: "unknown"
            }
        }
    }

    /// What one store has.
    package struct Store: Codable, Sendable {
        /// Its URL, without secrets.
        package var store: String
        package var events: [Line]
        /// How many more there are, as far as ``precision`` says.
        package var more: Int64
        package var precision: Precision
        /// Where the next page begins; nil where there is none.
        package var nextAfter: Int64?
        /// The lowest and the highest position it has, where no event was found; nil where it is
        /// empty, or was not read.
        package var firstPosition: Int64?
        package var lastPosition: Int64?
        /// When the first event that it still has happened; nil where that is not known.
        package var retainedSince: String?
        /// Why it could not be asked.
        package var failure: String?
    }

    package var schemaVersion = 1
    package var query: [String: [String]]
    package var stores: [Store]
    /// As people typed it.
    private var text = ""

    private enum CodingKeys: String, CodingKey {
        case schemaVersion
        case query
        case stores
    }

    /// A listing without stores yet.
    package init(_ query: EventQuery) {
        text = query.text
        stores = []
        // order-free: keys are sorted when they are written.
        self.query = Dictionary(grouping: query.conditions, by: \.key.rawValue)
            .mapValues { $0.map(\.value) }
    }

    /// The listing that was written as `json`, in answer to `query`.
    package init(json: String, to query: EventQuery) throws {
        self = try JSONText.read(json)
        text = query.text
    }

    /// Whether any event was found.
    package var hasFound: Bool { stores.contains { !$0.events.isEmpty } }

    /// Whether a store could not be asked.
    package var hasFailures: Bool { stores.contains { $0.failure != nil } }

    /// Adds what the store called `label` has found.
    package mutating func add(
        _ found: FoundEvents,
        retained: RetainedEvents?,
        in label: String
    ) {
        let (more, precision) =
            switch found.others {
            case .exactly(let count): (count, Precision.exact)
            case .about(let count): (count, .about)
            case .atLeast(let count): (count, .atLeast)
            }
        stores.append(
            Store(
                store: label,
                events: found.events.map(Line.init),
                more: more,
                precision: precision,
                nextAfter: more > 0 ? found.events.last?.position : nil,
                firstPosition: retained?.positions.lowerBound,
                lastPosition: retained?.positions.upperBound,
                retainedSince: retained?.since?.description
            )
        )
    }

    /// Adds the `events` that a run holds, those that no store above has, and that there are so
    /// many `more`.
    package mutating func add(held events: [FoundEvent], more: Int64, in label: String) {
        let known = Set(stores.flatMap(\.events).map { "\($0.source)\u{0}\($0.id)" })
        let others = events.filter { !known.contains("\($0.source)\u{0}\($0.id)") }
        guard !others.isEmpty || more > 0 else { return }
        stores.append(
            Store(
                store: label,
                events: others.map(Line.init),
                more: more,
                precision: more > 0 ? .about : .exact
            )
        )
    }

    /// Adds why the store called `label` could not be asked.
    package mutating func add(failure: String, in label: String) {
        stores.append(
            Store(store: label, events: [], more: 0, precision: .unknown, failure: failure)
        )
    }
}

extension EventListing.Line {
    /// The line of `event`.
    init(_ event: FoundEvent) {
        self.init(
            position: event.position,
            time: event.time.description,
            name: event.name,
            order: event.order,
            user: event.user,
            session: event.session,
            products: event.products,
            value: event.currency == .none && event.value == 0
                ? nil : Money(minorUnits: event.value, currency: event.currency).decimal,
            currency: event.currency == .none ? nil : event.currency.code,
            subject: event.subject,
            id: event.id,
            source: event.source,
            sequence: event.sequence > 0 ? event.sequence : nil,
            trace: event.trace,
            causation: event.causation
        )
    }
}

extension EventListing {
    /// The listing, for any form.
    package var document: ReportDocument {
        ReportDocument(
            kind: "Events",
            title: "Events with \(text)",
            subject: "query",
            verdict: verdict,
            facts: [],
            sections: stores.map(section)
        )
    }

    private var verdict: ReportDocument.Cell {
        let shown = stores.reduce(0) { $0 + Int64($1.events.count) }
        let more = stores.reduce(0) { $0 + $1.more }
        let precisions = stores.filter { $0.failure == nil }.map(\.precision)
        let precision = [.atLeast, .about].first(where: precisions.contains) ?? .exact
        guard hasFound else {
            return hasFailures
                ? .init("not found where it could be looked for; see below", .warning)
                : .init("no such key in what is stored", .absent)
        }
        return .init(
            precision.text(shown + more) + " \(shown + more == 1 ? "event" : "events")"
                + (more > 0 ? ", \(ReportNumbers.count(shown)) shown" : "")
                + (hasFailures ? "; not every store could be asked" : ""),
            hasFailures ? .warning : .none
        )
    }

    private func section(_ store: Store) -> ReportDocument.Section {
        if let failure = store.failure {
            return .init(title: store.store, blocks: [.note(.init("unknown: \(failure)", .bad))])
        }
        guard !store.events.isEmpty else {
            return .init(title: store.store, blocks: [.note(.init(absence(in: store), .absent))])
        }
        var blocks: [ReportDocument.Block] = [.table(table(of: store))]
        if let next = store.nextAfter {
            let more = store.precision.text(store.more)
            blocks.append(.note(.init("… \(more) more; the next page: --after \(next)")))
        }
        return .init(title: store.store, blocks: blocks)
    }

    /// What one may conclude from an event not being there.
    private func absence(in store: Store) -> String {
        guard let first = store.firstPosition, let last = store.lastPosition else {
            return "the store is empty"
        }
        return "no such key in what is retained"
            + (store.retainedSince.map { " since \($0)" } ?? "")
            + ": positions \(ReportNumbers.count(first)) to \(ReportNumbers.count(last))"
    }

    private func table(of store: Store) -> ReportDocument.Table {
        // What no event has takes no column.
        let keys: [(title: String, value: (Line) -> String?)] = [
            ("order", { $0.order }), ("user", { $0.user }), ("session", { $0.session }),
            ("product", { $0.products.isEmpty ? nil : $0.products.joined(separator: ", ") }),
            ("caused by", { $0.causation }),
        ].filter { key in store.events.contains { key.value($0) != nil } }
        let hasValues = store.events.contains { $0.value != nil }
        return ReportDocument.Table(
            "in the order of their topic",
            [.number("position"), .text("time"), .text("event")]
                + keys.map { .text($0.title) } + (hasValues ? [.number("value")] : [])
                + [.text("id")],
            of: store.events
        ) { line in
            var row: [ReportDocument.Cell] = [
                .init(line.position > 0 ? "\(line.position)" : nil), .init(line.time),
                .init(line.name),
            ]
            row += keys.map { .init($0.value(line)) }
            if hasValues {
                row.append(
                    .init(
                        line.value.map { [$0, line.currency].compactMap(\.self) }?
                            .joined(separator: " ")
                    )
                )
            }
            return row + [.init(line.id)]
        }
    }
}
