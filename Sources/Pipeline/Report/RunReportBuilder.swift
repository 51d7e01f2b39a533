internal import Broker
internal import Commerce
internal import Datasets
internal import SLO
package import Stages
internal import Storage
internal import Timekeeping

/// Makes the report of a run that has ended, of its meters and of what the stores themselves say.
struct RunReportBuilder {
    let run: PipelineRun
    let graph: PipelineGraph
    let state: RunProgress.State
    let failure: (any Error)?
    let began: Timestamp
    let ended: Timestamp
    /// What the pipeline lacks of what each objective is about, nil where nothing.
    let lacking: [String?]

    /// The report; what interceptors have to say is not in it yet.
    func report(
        _ samples: [RunReport.Sample],
        _ objectives: ObjectiveRecorder
    ) async -> RunReport {
        var report = RunReport(
            pipeline: run.document.name,
            outcome: outcome,
            failure: failure.map { "\($0)" },
            started: began.description,
            ended: ended.description,
            durationSeconds: (ended - began).inSeconds,
            input: graph.input,
            rate: rate,
            producers: graph.producers.map { producer($0.meter) },
            collectors: graph.collector.map { [RunReport.Collector($0.stage.meter)] },
            subscriptions: subscriptions,
            stages: graph.stages.map { stage($0) },
            stores: graph.storeMeters.map {
                RunReport.Store(name: $0.name, work: $0.total.work)
            },
            samples: samples
        )
        for (place, stage) in graph.stages.enumerated() {
            report.stages[place].latencyLimitSeconds = stage.meter.patience.map {
                Duration.nanoseconds($0.nanoseconds).inSeconds
            }
            report.stages[place].slowMessages = stage.meter.lateMessages
            report.stages[place].slowOrders = RunReport.Orders(stage.meter.lateOrders)
        }
        // A store that failed during the run may not answer now; the failure is reported, and
        // what cannot be read is left out.
        if let raw = run.stores.raw.first, let count = try? await raw.store.count() {
            report.rawStore = RunReport.RawStore(store: raw.label, events: count)
        }
        if let warehouse = run.stores.warehouses.first {
            report.warehouse = try? await RunReport.Warehouse.read(
                warehouse,
                terms: graph.terms[warehouse.name] ?? CountingTerms(),
                events: run.document.validation.events
            )
            report.deployments = await deployments(in: warehouse.store)
        }
        report.objectives = self.objectives(objectives.results).map { objective in
            var objective = objective
            objective.burn = objectives.burns[objective.name]?.map {
                RunReport.BurnPoint(seconds: ($0.instant - began).inSeconds, rate: $0.rate)
            }
            objective.burnLimits = burnLimits(of: objective.name)
            return objective
        }
        report.alerts = objectives.episodes.filter { $0.start >= began }.map { episode in
            var alert = RunReport.Alert(episode)
            alert.notifies = targets(of: episode)
            return alert
        }
        return report
    }

    /// Those that were followed, and those that do not apply, in the order of the documents.
    private func objectives(
        _ results: [(status: ObjectiveStatus, ofRun: WindowMeasurement)]
    ) -> [RunReport.Objective] {
        zip(run.options.objectives, lacking).compactMap { objective, lacking in
            if let lacking { return RunReport.Objective(objective, lacking: lacking) }
            return results.first { $0.status.objective.name == objective.name }
                .map { RunReport.Objective($0, $1) }
        }
    }

    /// Whom an alert notifies, such as `on-call`.
    private func targets(of episode: AlertEpisode) -> [String]? {
        let identity = episode.alert
        let objective = run.options.objectives.first { $0.name == identity.objective }
        let policy = objective?.alertPolicies.first { $0.name == identity.policy }
        return policy.map { $0.targets.map(\.name) }
    }

    /// The factors of the alerts of an objective, each once.
    private func burnLimits(of name: String) -> [RunReport.BurnLimit]? {
        let policies = run.options.objectives.first { $0.name == name }?.alertPolicies ?? []
        var limits: [RunReport.BurnLimit] = []
        for case .burnRate(let rule) in policies.flatMap(\.rules) {
            guard let factor = Double(rule.factor.description),
                !limits.contains(where: { $0.factor == factor })
            else { continue }
            limits.append(RunReport.BurnLimit(factor: factor, severity: rule.severity))
        }
        return limits.isEmpty ? nil : limits
    }

    private func producer(_ meter: ProducerMeter) -> RunReport.Producer {
        var producer = RunReport.Producer(meter)
        let time = ((state.producingEnded ?? ended) - began).inSeconds
        guard time > 0 else { return producer }
        producer.busyRatio = meter.total.making.inSeconds / time
        producer.blockedRatio = meter.total.publishing.inSeconds / time
        return producer
    }

    private func stage(_ node: PipelineGraph.Stage) -> RunReport.Stage {
        let time =
            ((state.producingEnded ?? ended) - began).inSeconds * Double(node.workers.count)
        let worked = state.worked[node.plan.name] ?? node.meter.busyTime(at: ended)
        let busy = time > 0 ? worked.inSeconds / time : nil
        return RunReport.Stage(node, drained: drained(node), busy: busy)
    }

    /// How long a stage went on after the last producer had ended; nil where it did not come to
    /// its end.
    private func drained(_ stage: PipelineGraph.Stage) -> Duration? {
        guard let from = state.producingEnded, let to = state.stageEnded[stage.plan.name] else {
            return nil
        }
        return max(.zero, to - from)
    }

    private var outcome: RunReport.Outcome {
        failure != nil ? .failed : state.wasStopped ? .interrupted : .completed
    }

    /// Those that were marked while it ran; nil where there were none.
    private func deployments(in warehouse: any Warehouse) async -> [RunReport.Deployment]? {
        let all = try? await warehouse.deploymentLog?.deployments()
        let during = (all ?? []).filter { began <= $0.marked && $0.marked <= ended }
        return during.isEmpty
            ? nil
            : during.map { deployment in
                RunReport.Deployment(
                    version: deployment.version,
                    marked: deployment.marked.description,
                    seconds: (deployment.marked - began).inSeconds
                )
            }
    }

    private var rate: RunReport.Rate {
        let published = graph.published
        var asked: Double?
        var profile = "the log's own pace"
        if graph.producers.isEmpty, graph.collector != nil {
            profile = "what clients send"
        } else if run.options.log == nil {
            switch run.options.rate {
            case .perSecond(let rate): (asked, profile) = (rate, "constant")
            case .maximum: profile = RunReport.Rate.unlimited
            case nil:
                if case .constant(let rate) = run.document.load.shape { asked = rate }
                profile = run.document.load.description
            }
        } else if run.options.log?.speed == nil {
            profile = "as fast as possible"
        }
        let isLog = run.options.log != nil
        let time = PublishingTime(
            published: (state.producingEnded ?? began) - began,
            events: isLog ? nil : run.options.events.map { (published, $0) },
            rate: asked,
            duration: isLog ? nil : run.options.duration,
            tick: run.timeline.tick,
            wasCutShort: outcome != .completed
        )
        return RunReport.Rate(
            asked: asked,
            profile: profile,
            reached: time.rate(of: published),
            seconds: time.length.inSeconds,
            lateSeconds: time.late.inSeconds
        )
    }

    private var subscriptions: [RunReport.Subscription] {
        let reasons = graph.deadLetterMeter.total
        let samples = graph.deadLetterMeter.samples
        let orders = graph.deadLetterMeter.orders
        return graph.subscriptions.map { subscription in
            let (plan, counts) = (subscription.plan, subscription.port.counts)
            return RunReport.Subscription(
                name: plan.name,
                topic: plan.topic,
                published: counts.published,
                acked: counts.acked,
                outstanding: counts.outstanding,
                backlog: counts.backlog,
                waitingToRetry: counts.waiting,
                deadLettered: counts.deadLettered,
                expired: counts.expired,
                filtered: counts.filtered,
                shed: counts.shed,
                skipped: counts.stillSkipped > 0 ? counts.stillSkipped : nil,
                broughtBack: counts.replayed > 0 ? counts.replayed : nil,
                conserved: counts.isConserved,
                delivered: counts.delivered,
                redelivered: counts.redelivered,
                nacked: counts.nacked,
                expiredDeadlines: counts.expiredDeadlines,
                deadLettersByReason: reasons[plan.name] ?? [:],
                deadLetterSamples: samples[plan.name],
                deadOrders: orders[plan.name].flatMap(RunReport.Orders.init),
                maximumMessages: plan.policy.maximumMessages
            )
        }
    }
}

extension RunReport.Stage {
    fileprivate init(_ node: PipelineGraph.Stage, drained: Duration?, busy: Double?) {
        let (plan, total) = (node.plan, node.meter.total)
        self.init(
            name: plan.name,
            kind: plan.kindName,
            subscription: plan.subscription ?? "",
            store: plan.store,
            processed: total.processed,
            duplicates: total.duplicates,
            repeatedOrders: total.repeatedOrders,
            conflicts: total.conflicts,
            late: total.late,
            failures: total.failures,
            storeRetries: total.storeRetries,
            drainSeconds: drained?.inSeconds,
            latency: RunReport.Latency(total.latency.summary),
            jobs: RunReport.Latency(total.jobs.summary),
            workers: plan.workers,
            busyRatio: busy,
            work: node.meter.ownWork
        )
    }
}

extension RunReport.Collector {
    fileprivate init(_ meter: CollectorMeter) {
        let total = meter.total
        self.init(
            name: meter.name,
            requests: total.requests,
            accepted: total.accepted,
            recovered: total.recovered,
            refusedRequests: total.refusedRequests,
            unconformed: total.unconformed,
            refusedEvents: total.refusedEvents,
            ignored: total.ignored,
            conformed: total.conformed,
            batches: total.batches
        )
    }
}

extension RunReport.Producer {
    fileprivate init(_ meter: ProducerMeter) {
        let total = meter.total
        self.init(
            name: meter.name,
            published: total.published,
            records: total.records > 0 ? total.records : nil,
            droppedItems: total.droppedItems > 0 ? total.droppedItems : nil,
            rejected: total.rejected,
            rejections: total.firstRejections.map(\.description)
        )
    }
}

extension RunReport.Warehouse {
    /// How many windows of a grain are listed; the totals are over all.
    private static let listedWindows = 1000

    /// What a warehouse holds: the totals from the window over all time, which lacks nothing,
    /// and the days and months as it keeps them, of which some lack what `terms` say.
    static func read(
        _ warehouse: RunStores.Named<any Warehouse>,
        terms: CountingTerms,
        events: EventDeclarations
    ) async throws -> Self {
        let store = warehouse.store
        let days = try await store.windows(.day, categories: .total)
        let months = try await store.windows(.month, categories: .total)
        let everything = try await store.windows(.all, categories: .total)
        let exceptions = try await store.exceptions()
        let custom = try await store.customEvents()
        let undeclared = custom.filter { events.declaration(of: $0.name) == nil }
        return RunReport.Warehouse(
            store: warehouse.label,
            totals: RunReport.Totals(everything, everything.first, custom),
            months: windows(months) { $0.description.dropLast(3) },
            days: windows(days, label: \.description),
            topProducts: try await store.topProducts(atMost: 10).map { row in
                RunReport.Product(
                    product: row.product,
                    orders: row.cell.orders,
                    units: row.cell.units,
                    revenue: Money(minorUnits: row.cell.revenue, currency: row.currency).decimal,
                    currency: row.currency.code
                )
            },
            lateEvents: exceptions.late,
            deadLetters: exceptions.deadLetters,
            repeatedOrders: exceptions.repeatedOrders,
            conflicts: exceptions.conflicts,
            undeclaredEvents: undeclared.isEmpty ? nil : RunReport.counts(undeclared),
            gaps: terms.gaps.isEmpty ? nil : terms.gaps.map(RunReport.Gap.init),
            dropped: terms.dropped.isEmpty ? nil : terms.dropped.map(\.part.text)
        )
    }

    /// One entry a window, with all its currencies.
    private static func windows(
        _ rows: [WindowRow],
        label: (CivilDate) -> some StringProtocol
    ) -> [RunReport.Window] {
        var windows: [RunReport.Window] = []
        var start = rows.startIndex
        while start < rows.endIndex {
            let end = rows[start...].firstIndex { $0.start != rows[start].start } ?? rows.endIndex
            let totals = RunReport.Totals(Array(rows[start..<end]), rows[start])
            windows.append(
                RunReport.Window(
                    label: String(label(rows[start].start.date)),
                    orders: totals.orders,
                    units: totals.units,
                    sales: totals.sales,
                    shoppers: totals.shoppers
                )
            )
            start = end
        }
        return windows.suffix(listedWindows)
    }
}

extension RunReport.Gap {
    fileprivate init(_ part: KeptPart) {
        self.init(
            part: part.part.text,
            missing: part.missing
        )
    }
}

extension RunReport {
    /// Custom events by name.
    fileprivate static func counts(_ rows: [CustomEventRow]) -> [String: Int64] {
        Dictionary(rows.map { ($0.name, $0.events) }, uniquingKeysWith: +)
    }
}

extension RunReport.Totals {
    /// The sums of `rows`, which may be of several windows and currencies, with the distinct
    /// counts of `whole`.
    fileprivate init(
        _ rows: [WindowRow],
        _ whole: WindowRow?,
        _ custom: [CustomEventRow] = []
    ) {
        var events = RunReport.counts(custom)
        for name in EventName.ga4Cases {
            events[name.ga4] = rows.reduce(0) { $0 + $1.cell[name] }
        }
        // order-free: sorted
        let sales = Dictionary(grouping: rows, by: \.currency)
            .sorted { $0.key.code < $1.key.code }
            .filter { $0.key != .none }
            .map { RunReport.Sales($0.key, $0.value) }
        let conversion = whole?.conversion
        self.init(
            events: events,
            orders: rows.reduce(0) { $0 + $1.cell.orders },
            units: rows.reduce(0) { $0 + $1.cell.units },
            sales: sales,
            shoppers: whole?.distinct[.shoppers].map(RunReport.Distinct.init),
            sessions: whole?.distinct[.sessions].map(RunReport.Distinct.init),
            conversion: conversion?.share,
            conversionExact: conversion?.isExact
        )
    }
}

extension RunReport.Sales {
    fileprivate init(_ currency: Currency, _ rows: [WindowRow]) {
        let revenue = rows.reduce(Int64(0)) { $0.addingSaturated($1.cell.revenue) }
        let refunded = rows.reduce(Int64(0)) { $0.addingSaturated($1.cell.refunded) }
        let orders = rows.reduce(0) { $0 + $1.cell.orders }
        self.init(
            currency: currency.code,
            revenue: Money(minorUnits: revenue, currency: currency).decimal,
            revenueMinor: revenue,
            refunded: Money(minorUnits: refunded, currency: currency).decimal,
            refundedMinor: refunded,
            averageOrderValue: orders > 0
                ? Money(
                    minorUnits: revenue.addingSaturated(orders / 2) / orders,
                    currency: currency
                ).decimal
                : nil
        )
    }
}

extension RunReport.Orders {
    /// Nil where there is none.
    package init?(_ tally: OrderTally) {
        guard tally.count > 0 else { return nil }
        count = tally.count
        worth = tally.worth.sorted { $0.key.code < $1.key.code }.map { currency, amount in
            RunReport.Amount(
                currency: currency.code,
                amount: Money(minorUnits: amount, currency: currency).decimal
            )
        }
    }
}

extension RunReport.Distinct {
    fileprivate init(_ count: DistinctCount) {
        self.init(count: count.count, exact: count.isExact)
    }
}

/// For how long publishing was asked for in a run: what the rate that was reached is over.
///
/// From the start of the run, which is when the load begins. The time of the last event is no
/// measure: ten events a second for ten seconds are a hundred in ten seconds, wherever in its
/// tenth of a second each lies.
package struct PublishingTime: Hashable, Sendable {
    /// From the start until what was asked for was over, or had been published, if that was later.
    package var length: Duration
    /// How much later that was.
    package var late: Duration

    /// The request of a shopper model, or of a log if both limits are nil.
    ///
    /// - Parameters:
    ///   - published: How long it took until the producers had ended.
    ///   - events: How many came, and how many were asked for; nil for any number.
    ///   - rate: The rate that was asked for, where it is one.
    ///   - duration: The time that was asked for; nil for any.
    ///   - tick: How long events gather before they are published: no more than that is not late.
    ///   - wasCutShort: Whether the run was stopped or failed: then nothing was asked for any more.
    package init(
        published: Duration,
        events: (published: Int64, asked: Int)? = nil,
        rate: Double? = nil,
        duration: Duration? = nil,
        tick: Duration = .zero,
        wasCutShort: Bool = false
    ) {
        var asked = published
        if !wasCutShort {
            if let events, events.published >= Int64(events.asked) {
                // They would all have come by then, and not at the last one's chance instant.
                if let rate, rate > 0 { asked = .seconds(Double(events.asked) / rate) }
                asked = min(asked, duration ?? asked)
            } else if let duration {
                asked = duration
            }
        }
        let isInTime = published - asked <= tick
        length = isInTime ? asked : published
        late = isInTime ? .zero : published - asked
    }

    /// How many of `events` that is a second; 0 where no time passed.
    package func rate(of events: Int64) -> Double {
        length > .zero ? Double(events) / length.inSeconds : 0
    }
}
