internal import Broker
internal import Commerce
internal import Pipeline
internal import SLO
internal import Stages
internal import Storage
internal import Timekeeping

/// Holds what a trial has left behind to what must be true after any run.
struct TrialAudit {
    let document: PipelineDocument
    let books: TrialLedger.Books
    let report: RunReport
    let stores: RunStores
    let history: any SLIHistory
    let objectives: [Objective]

    private typealias Key = TrialLedger.Key
    private typealias Page = TrialLedger.Page

    /// What is not true, a sentence each, which begins with the name of the check.
    func violations() async throws -> [String] {
        var found = conservation + losses + storage
        for warehouse in stores.warehouses {
            found += try await aggregates(in: warehouse)
        }
        for raw in stores.raw {
            let count = try await raw.store.count()
            let stored = books.stored[raw.name]?.count ?? 0
            if count != stored {
                found.append("once: \(raw.name) counts \(count) events, and was given \(stored)")
            }
        }
        return found + (try await alerts())
    }

    private func page(of subscription: String) -> Page {
        books.pages[subscription] ?? Page()
    }

    // MARK: - Messages

    private var conservation: [String] {
        report.subscriptions.compactMap { subscription in
            let open =
                subscription.outstanding + subscription.backlog + subscription.waitingToRetry
            if subscription.conserved, open == 0 { return nil }
            return "conservation: of the \(subscription.published) messages of "
                + "\(subscription.name), \(open) are under way at the end"
                + (subscription.conserved ? "" : ", and the states do not add up")
        }
    }

    /// Messages whose fate no subscription reports.
    private var losses: [String] {
        report.subscriptions.compactMap { subscription in
            let page = page(of: subscription.name)
            let published = books.published[subscription.topic] ?? []
            let missing = published.subtracting(page.acked).subtracting(page.deadLettered)
            let known = subscription.filtered + subscription.shed + subscription.expired
            let untold = stores.warehouses.isEmpty ? subscription.deadLettered : 0
            let explained = known + untold + dropped(before: subscription.name)
            if missing.count <= explained { return nil }
            return "no loss: \(missing.count) messages of \(subscription.name) are neither "
                + "acknowledged nor dead letters, and \(explained) may be"
        }
    }

    /// How many messages faults took away before the stages of `subscription`.
    private func dropped(before subscription: String) -> Int64 {
        let stages = document.stages.filter { $0.subscription == subscription }.map(\.name)
        return (report.faults ?? [])
            .filter { $0.kind == FaultKind.drop.rawValue && stages.contains($0.target) }
            .reduce(0) { $0 + $1.effects }
    }

    // MARK: - Raw stores

    private var storage: [String] {
        var found: [String] = []
        var published: [String: Set<Key>] = [:]
        for stage in document.stages {
            guard case .ingest(let name, let store) = stage.kind,
                let topic = document.subscriptions.first(where: { $0.name == name })?.topic
            else { continue }
            published[store, default: []].formUnion(books.published[topic] ?? [])
            let missing = page(of: name).acked.subtracting(books.stored[store] ?? [])
            if !missing.isEmpty {
                found.append(
                    "no loss: \(missing.count) messages that \(stage.name) acknowledged are not "
                        + "in \(store)"
                )
            }
        }
        for (store, stored) in books.stored.sorted(by: { $0.key < $1.key }) {
            let extra = stored.subtracting(published[store] ?? [])
            if !extra.isEmpty {
                found.append("once: \(extra.count) events in \(store) were never published")
            }
        }
        return found
    }

    // MARK: - Aggregates

    private struct Window: Hashable {
        var grain: Grain
        var start: Timestamp
        var currency: Currency
    }

    private struct Sums: Equatable {
        var events: [EventName: Int64] = [:]
        var units: Int64 = 0
        var revenue: Int64 = 0
        var refunded: Int64 = 0

        init() {}

        init(_ cell: WindowCell) {
            for name in EventName.allCases where cell[name] != 0 { events[name] = cell[name] }
            (units, revenue, refunded) = (cell.units, cell.revenue, cell.refunded)
        }

        mutating func add(_ fact: TrialLedger.Fact) {
            events[fact.name, default: 0] += 1
            switch fact.name {
            case .purchase:
                units += fact.units
                revenue += fact.value
            case .refund: refunded += fact.value
            default: break
            }
        }
    }

    /// Holds the windows to a fold of the events that were acknowledged, made from nothing.
    private func aggregates(in warehouse: RunStores.Named<any Warehouse>) async throws -> [String] {
        var expected: [Window: Sums] = [:]
        var isAmbiguous = false
        var grains: Set<Grain> = []
        for stage in document.stages {
            guard case .analytics(let plan) = stage.kind, plan.store == warehouse.name else {
                continue
            }
            let page = page(of: plan.subscription)
            isAmbiguous = isAmbiguous || page.isAmbiguous
            grains.formUnion(plan.options.grains)
            fold(page, plan.options.grains, into: &expected)
        }
        var found: [String] = []
        for grain in grains.sorted() {
            var stored: [Window: Sums] = [:]
            for row in try await warehouse.store.windows(grain, categories: .total) {
                let window = Window(grain: grain, start: row.start, currency: row.currency)
                stored[window] = Sums(row.cell)
            }
            let own = expected.filter { $0.key.grain == grain }
            // order-free: sorted below
            let differing = Set(own.keys).union(stored.keys).filter { window in
                let (left, right) = (own[window] ?? Sums(), stored[window] ?? Sums())
                return isAmbiguous ? left.events != right.events : left != right
            }
            guard
                let first = differing.min(by: {
                    ($0.start, $0.currency.code) < ($1.start, $1.currency.code)
                })
            else { continue }
            found.append(
                "aggregates: \(differing.count) windows of \(grain.rawValue) in "
                    + "\(warehouse.name) are not the fold of their events; that of \(first.start) "
                    + "has \(text(stored[first])), the events give \(text(own[first]))"
            )
        }
        return found
    }

    private func fold(_ page: Page, _ windows: [Grain], into sums: inout [Window: Sums]) {
        // order-free: sums
        for key in page.acked {
            guard let fact = page.received[key] else { continue }
            let missed = page.late[key]
            for grain in windows where missed.map({ grain > $0 }) ?? true {
                let window = Window(
                    grain: grain,
                    start: grain.start(of: fact.time),
                    currency: fact.currency
                )
                sums[window, default: Sums()].add(fact)
            }
        }
    }

    private func text(_ sums: Sums?) -> String {
        guard let sums else { return "nothing" }
        // order-free: sums
        let events = sums.events.values.reduce(0, +)
        return "\(events) events, \(sums.units) units, \(sums.revenue) revenue, "
            + "\(sums.refunded) refunded"
    }

    // MARK: - Alerts

    /// Holds the alerts to the slices that were kept: who follows them from the first to the last
    /// finds the same alerts, and none before something bad was counted.
    private func alerts() async throws -> [String] {
        var found: [String] = []
        let extents = try await history.extents()
        for objective in objectives {
            let range = Timestamp.distantPast..<Timestamp.distantFuture
            let recorded = try await RecordedHistory.read(
                objective,
                from: history,
                extents: extents,
                in: range
            )
            let replay = ObjectiveReplay(
                objective,
                history: recorded.components,
                slice: recorded.slice
            )
            let expected = replay.episodes.filter(\.isAboutSpending).map { "\($0.id)" }
            let rules = objective.alertPolicies.flatMap(\.rules)
            let names = Set(
                rules.filter { rule in
                    if case .noData = rule { false } else { true }
                }.map(\.name)
            )
            let fired = (report.alerts ?? []).filter { alert in
                let parts = alert.alert.split(separator: "/").map(String.init)
                return parts.first == objective.name && names.contains(parts.last ?? "")
            }
            let reported = fired.map { "\($0.alert)@\($0.start)" }
            if Set(reported) != Set(expected) {
                found.append(
                    "alerts: \(objective.name) fired \(reported), and its history says \(expected)"
                )
            }
            let firstBad = recorded.components.joined().filter { $0.good < $0.total }
                .map(\.start).min()
            for alert in fired {
                let start = Timestamp(rfc3339: alert.start) ?? .distantPast
                if firstBad.map({ start < $0 }) ?? true {
                    found.append("alerts: \(alert.alert) fired before anything was bad")
                }
            }
        }
        return found
    }
}
