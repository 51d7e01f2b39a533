internal import Broker
internal import Commerce
internal import Datasets
internal import Stages
internal import Timekeeping

extension Assembly {
    /// The report of the run, read from the meters and from the stores themselves.
    func report(
        outcome: RunReport.Outcome,
        failure: (any Error)?,
        began: Timestamp,
        ended: Timestamp
    ) async -> RunReport {
        var report = RunReport(
            pipeline: run.document.name,
            outcome: outcome,
            failure: failure.map { "\($0)" },
            started: began.description,
            ended: ended.description,
            durationSeconds: (ended - began).inSeconds,
            input: input,
            rate: rate(began, wasCutShort: outcome != .completed),
            producers: producerMeters.map(RunReport.Producer.init),
            subscriptions: subscriptionReports,
            stages: stageReports,
            warehouse: nil,
            rawStore: nil,
            samples: sampler.samples
        )
        // A store that failed during the run may not answer now either; the failure is told, and
        // what cannot be read is left out.
        if let raw = run.stores.raw.first, let count = try? await raw.store.count() {
            report.rawStore = RunReport.RawStore(store: raw.label, events: count)
        }
        if let warehouse = run.stores.warehouses.first {
            report.warehouse = try? await RunReport.Warehouse.read(
                warehouse,
                terms: terms[warehouse.name] ?? CountingTerms()
            )
            let deployments = try? await (warehouse.store as? any DeploymentLog)?.deployments()
            let during = (deployments ?? []).filter { began <= $0.marked && $0.marked <= ended }
            if !during.isEmpty {
                report.deployments = during.map { deployment in
                    RunReport.Deployment(
                        version: deployment.version,
                        marked: deployment.marked.description,
                        seconds: (deployment.marked - began).inSeconds
                    )
                }
            }
        }
        return report
    }

    private func rate(_ began: Timestamp, wasCutShort: Bool) -> RunReport.Rate {
        let published = producerMeters.reduce(0) { $0 + $1.total.published }
        var asked: Double?
        var profile = "the log's own pace"
        if run.options.log == nil {
            switch run.options.rate {
            case .perSecond(let rate): (asked, profile) = (rate, "constant")
            case .maximum: profile = "as many as possible"
            case nil:
                if case .constant(let rate) = run.document.load.shape { asked = rate }
                profile = run.document.load.description
            }
        } else if run.options.log?.speed == nil {
            profile = "as fast as possible"
        }
        let isLog = run.options.log != nil
        let time = PublishingTime(
            published: (producingEnded ?? began) - began,
            events: isLog ? nil : run.options.events.map { (published, $0) },
            rate: asked,
            duration: isLog ? nil : run.options.duration,
            tick: run.timeline.tick,
            wasCutShort: wasCutShort
        )
        return RunReport.Rate(
            asked: asked,
            profile: profile,
            reached: time.rate(of: published),
            seconds: time.length.inSeconds,
            lateSeconds: time.late.inSeconds
        )
    }

    private var subscriptionReports: [RunReport.Subscription] {
        let reasons = deadLetterMeter.total
        return zip(run.document.subscriptions, broker.subscriptions).map { plan, subscription in
            let counts = subscription.counts
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
                conserved: counts.isConserved,
                delivered: counts.delivered,
                redelivered: counts.redelivered,
                nacked: counts.nacked,
                expiredDeadlines: counts.expiredDeadlines,
                deadLettersByReason: reasons[plan.name] ?? [:]
            )
        }
    }

    private var stageReports: [RunReport.Stage] {
        let stages = run.document.stages.filter { !$0.isProducer }
        return zip(stages, stageMeters).map { stage, meter in
            let total = meter.total
            return RunReport.Stage(
                name: stage.name,
                kind: stage.kindName,
                subscription: stage.subscription ?? "",
                processed: total.processed,
                duplicates: total.duplicates,
                repeatedOrders: total.repeatedOrders,
                conflicts: total.conflicts,
                late: total.late,
                failures: total.failures,
                storeRetries: total.storeRetries,
                latency: RunReport.Latency(total.latency.summary),
                jobs: RunReport.Latency(total.jobs.summary)
            )
        }
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
