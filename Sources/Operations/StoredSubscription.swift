package import Broker
internal import Commerce
internal import Datasets
internal import Reports
package import Storage
internal import Timekeeping

/// A subscription of a pipeline that does not run now, and the stores that know of it.
package struct StoredSubscription: Sendable {
    /// What the stage that reads it does.
    package enum Reader: Sendable {
        case ingest
        case analytics
        /// Publishes again, or nothing reads it: no store knows of it.
        case other
    }

    package var name: String
    package var topic: String
    package var stage: String?
    package var filter: AttributeFilter?
    package var reader: Reader
    /// The raw store that ingest writes to, or that has the events of the topic and no others; nil
    /// where there is none, or it could not be asked.
    package var raw: (any RawStore)?
    /// Where it counts, or what it gave up is kept; nil where that could not be asked.
    package var warehouse: (any Warehouse)?

    package init(
        name: String,
        topic: String,
        stage: String?,
        filter: AttributeFilter?,
        reader: Reader,
        raw: (any RawStore)?,
        warehouse: (any Warehouse)?
    ) {
        self.name = name
        self.topic = topic
        self.stage = stage
        self.filter = filter
        self.reader = reader
        self.raw = raw
        self.warehouse = warehouse
    }
}

extension SubscriptionListing {
    /// How far `subscriptions` are, by what stores have; `place` says which ones.
    ///
    /// What was published and not stored is in no store, so that much is unknown. A figure is never
    /// made up: what could not be asked is unknown, and `failures` say why.
    package init(_ subscriptions: [StoredSubscription], at place: String, failures: [String]) async
    {
        self.init(at: place, failures: failures)
        for subscription in subscriptions {
            var line = Line(subscription)
            do {
                try await line.ask(subscription)
            } catch {
                self.failures.append("\(subscription.name): \(error)")
            }
            self.subscriptions.append(line)
        }
    }
}

extension SubscriptionListing.Line {
    /// So many events are looked at for whether they are still to be counted.
    private static let backlogLimit = 10_000

    fileprivate init(_ subscription: StoredSubscription) {
        self.init(
            subscription: subscription.name,
            topic: subscription.topic,
            stage: subscription.stage,
            filter: subscription.filter?.description
        )
    }

    fileprivate mutating func ask(_ asked: StoredSubscription) async throws {
        if let letters = asked.warehouse?.letters {
            deadLettered = try await letters.letterGroups(parts: 1)
                .filter { $0.subscription.utf8.elementsEqual(asked.name.utf8) }
                .reduce(0) { $0 + $1.count }
        }
        if let map = try await asked.warehouse?.journeys?.journeyMap() {
            func dropped(_ cause: DroppedMessages.Cause) -> Int64 {
                map.dropped.filter {
                    $0.span.subscription.utf8.elementsEqual(asked.name.utf8)
                        && $0.span.cause == cause
                }.reduce(0) { $0 + $1.messages }
            }
            (shed, expired, skipped) = (dropped(.shed), dropped(.expired), dropped(.skipped))
        }
        switch asked.reader {
        case .ingest: try await askIngest(asked)
        case .analytics: try await askAnalytics(asked)
        case .other: break
        }
    }

    private mutating func askIngest(_ asked: StoredSubscription) async throws {
        guard let raw = asked.raw else { return }
        let last = try await raw.nextPosition() - 1
        let count = try await raw.count()
        progress =
            count == 0
            ? "nothing stored"
            : "\(ReportNumbers.count(count)) stored, up to position \(ReportNumbers.count(last))"
    }

    private mutating func askAnalytics(_ asked: StoredSubscription) async throws {
        guard let warehouse = asked.warehouse else { return }
        let datasets = try await warehouse.catalogue?.datasets() ?? []
        let own = datasets.first {
            $0.kind == .derivative && $0.name.utf8.elementsEqual(asked.name.utf8)
        }
        guard let statistics = own?.statistics else {
            let owners = try await warehouse.journeys?.journeyMap().owners ?? []
            // Where the catalogue is lost, how much is counted is not known.
            if own == nil, !owners.contains(where: { $0.subscription == asked.name }) {
                progress = "nothing counted"
                try await askBacklog(asked, warehouse, behind: 0)
            }
            return
        }
        let count = "\(ReportNumbers.count(statistics.records)) counted"
        guard let last = statistics.lastPosition else {
            progress = statistics.records == 0 ? "nothing counted" : count
            if statistics.records == 0 { try await askBacklog(asked, warehouse, behind: 0) }
            return
        }
        progress = "\(count), up to position \(ReportNumbers.count(last))"
        let replays = try await warehouse.letters?.replays() ?? []
        // Positions of another raw store say nothing in this one.
        guard
            !replays.contains(where: { $0.events?.source != nil && $0.target == asked.name })
        else { return }
        try await askBacklog(asked, warehouse, behind: last)
    }

    /// How many stored events behind a position are still to be counted; not said where they are
    /// too many to be looked at.
    private mutating func askBacklog(
        _ asked: StoredSubscription,
        _ warehouse: any Warehouse,
        behind last: Int64
    ) async throws {
        guard let reading = asked.raw?.reading else { return }
        var range = EventRange(after: last)
        var (looked, count) = (0, Int64(0))
        while true {
            let symbols = SymbolTable()
            let page = try await reading.wholeEvents(in: range, atMost: 1000, symbols)
            guard let reached = page.last?.position, reached > range.after else { break }
            range.after = reached
            looked += page.count
            guard looked <= Self.backlogLimit else {
                let most = ReportNumbers.count(Int64(Self.backlogLimit))
                progress = (progress.map { "\($0); " } ?? "") + "more than \(most) stored behind it"
                return
            }
            for event in page where try await asked.isDue(event, symbols, in: warehouse) {
                count += 1
            }
        }
        backlog = count
    }
}

extension StoredSubscription {
    /// Whether `event`, which is not counted, is still to be.
    fileprivate func isDue(
        _ event: WholeEvent,
        _ symbols: SymbolTable,
        in warehouse: any Warehouse
    ) async throws -> Bool {
        // Whatever the number: only its attributes are asked for.
        let batch = event.delivery(symbols, isStream: false, at: .distantPast)?.batch
        if let filter, let batch, !filter.evaluate({ batch.attribute($0, of: 0) }) { return false }
        guard let journeys = warehouse.journeys else { return true }
        let dropped = try await journeys.dropped(at: event.position)
        if dropped.contains(where: { $0.subscription == name }) { return false }
        return try await !journeys.exceptions(of: event.source, id: event.id)
            .contains { $0.subscription == name }
    }
}
