internal import Reports
internal import Storage

/// What to change after a run, made from what happened in it.
extension RunReport {
    /// Most urgent first, each once.
    var advice: [String] {
        var advice = overloadAdvice
        for subscription in full {
            advice.append(
                "let \(subscription.name) hold more messages (flowControl), so that what it cannot "
                    + "take does not keep others waiting"
            )
        }
        for story in storiesByKind {
            let hints = [blindAdvice(of: story), remedy(for: story)].compactMap(\.self)
            for hint in hints where !advice.contains(hint) { advice.append(hint) }
        }
        return advice
    }

    // MARK: - Load

    /// What a stage needs that could not keep up with its load.
    private var overloadAdvice: [String] {
        guard let overload, let busiest = busiestStage else { return [] }
        return ["\(overload): \(remedy(forLoadOf: busiest))"]
    }

    /// Such as `ingest could not keep up (busy 99.7%)`; nil where every stage could.
    var overload: String? {
        guard let busiest = busiestStage, let busy = busiest.busyRatio else { return nil }
        let isSurge = faultStories.contains { FaultStory.ofMoreTraffic.contains($0.kind) }
        // What a store's fault makes of a stage is no lack of its own.
        guard isSurge || (scenario == nil && (busy >= 0.8 || judged.text.contains("fell behind")))
        else { return nil }
        let strain = strain(of: busiest)
        guard strain != nil || busy >= 0.8, (busiest.slowMessages ?? 0) > 0 || busy >= 0.95 else {
            return nil
        }
        let when = strain.map { "busy all the time \($0)" } ?? "busy \(ReportNumbers.percent(busy))"
        return "\(busiest.name) could not keep up (\(when))"
    }

    private func remedy(forLoadOf stage: Stage) -> String {
        let workers = (stage.workers ?? 1) * 2
        let more = "--set spec.stages.\(stage.name).workers=\(workers)"
        guard let store = stage.store, isHeldUp(stage, by: store) else {
            return
                "give it more workers (\(more)), and find out what it can take with weir capacity"
        }
        guard simulation != nil else {
            return
                "it waited for \(store) most of that time: give \(store) more capacity, and find "
                + "out what it can take with weir capacity"
        }
        return "it waited for \(store) most of that time, so \(store) has to take more events a "
            + "second; try a second server of it, with a worker for each: "
            + "--set spec.stores.\(store).serviceTime.servers=2 \(more)"
    }

    /// Whether the store `name` had most of the time for which `stage` was busy.
    private func isHeldUp(_ stage: Stage, by name: String) -> Bool {
        guard let store = stores?.first(where: { $0.name == name }), let busy = stage.busyRatio,
            let time = rate.seconds, time > 0
        else { return false }
        let workers = Double(max(1, stage.workers ?? 1))
        return Double(store.work.microseconds) / 1e6 > busy * time * workers / 2
    }

    /// The stage that was busy for most of the time; nil where that was not measured.
    var busiestStage: Stage? {
        stages.filter { $0.busyRatio != nil }.max { ($0.busyRatio ?? 0) < ($1.busyRatio ?? 0) }
    }

    /// The longest time for which `stage` was busy without a pause, such as `from 10 min to 30 min
    /// into the run`; nil where that was less than a twentieth of the run.
    func strain(of stage: Stage) -> String? {
        var longest = (from: 0.0, to: 0.0)
        var (from, last) = (0.0, 0.0)
        for sample in samples {
            let busy = sample.stages.first { $0.name == stage.name }?.busy ?? 0
            if busy < 0.95 { from = sample.seconds }
            if sample.seconds - from > longest.to - longest.from {
                longest = (from, sample.seconds)
            }
            last = sample.seconds
        }
        guard last > 0, longest.to - longest.from > last / 20 else { return nil }
        return "from \(ReportNumbers.duration(seconds: longest.from)) to "
            + "\(ReportNumbers.duration(seconds: longest.to)) into the run"
    }

    // MARK: - Faults

    /// The faults of one kind together, since what helps is the same.
    private var storiesByKind: [FaultStory] {
        var stories: [FaultStory] = []
        for story in faultStories {
            if let place = stories.firstIndex(where: { $0.kind == story.kind }) {
                stories[place].faults += story.faults
            } else {
                stories.append(story)
            }
        }
        return stories
    }

    /// What would have noticed a fault that no objective saw.
    private func blindAdvice(of story: FaultStory) -> String? {
        guard !(objectives ?? []).isEmpty, story.effects > 0,
            !story.faults.contains(where: { $0.visible != nil })
        else { return nil }
        switch story.kind {
        case "drop", "alter", "metadata-blocks-lost":
            return "no objective detects this: run weir invariants check after each run, on the "
                + "stores that --raw and --warehouse name, and every half hour while one runs "
                + "(weir run --serve)"
        case "clock-skew", "late", "duplicate", "acknowledgement-lost", "reordered", "drought":
            return nil
        default: return "no objective noticed \(story.name): add one on what it harms"
        }
    }

    /// What makes such a fault harmless, or its cost smaller.
    private func remedy(for story: FaultStory) -> String? {
        guard story.effects > 0 else {
            return story.kind == "metadata-blocks-lost" && !keepsBlocks
                ? "run it again with --raw sqlite:raw.sqlite --warehouse sqlite:warehouse.sqlite, "
                    + "and look at them with weir invariants check" : nil
        }
        switch story.place {
        case .store: return storeRemedy(for: story)
        case .stage: return stageRemedy(for: story)
        case .producer: return producerRemedy(for: story)
        }
    }

    private func storeRemedy(for story: FaultStory) -> String? {
        let targets = story.targets
        switch story.kind {
        case "unavailable": return "nothing stands in for \(targets): have a second one take over"
        case "failing":
            return "calls to \(targets) that fail are tried again, and nothing is lost; a second "
                + "one that takes over would leave no minute bad"
        case "slow": return slowRemedy(for: story)
        case "out-of-connections":
            return "keep connections of \(targets) for this pipeline: a lower limit for the other "
                + "clients, or a higher one on the server"
        case "acknowledgement-lost":
            return "the data is right: what was written again was stored and counted once. To stop "
                + "the alerts, find what loses the answers of \(targets), such as a timeout "
                + "that is shorter than its calls"
        default: return nil
        }
    }

    private func slowRemedy(for story: FaultStory) -> String? {
        guard let stage = stages.first(where: { $0.store == story.target }),
            let by = story.faults.first?.bySeconds
        else { return nil }
        guard stage.kind == "analytics" else {
            let workers = (stage.workers ?? 1) * 2
            return "a worker of \(stage.name) waits for each call to \(story.target): more workers "
                + "wait side by side (--set spec.stages.\(stage.name).workers=\(workers))"
        }
        guard let limit = stage.latencyLimitSeconds, by >= limit else { return nil }
        return "have a second \(story.target) take over: while a commit takes "
            + "\(RunReport.limit(seconds: by)) longer, no setting keeps events within "
            + "\(RunReport.limit(seconds: limit)), and more workers do not help, since "
            + "commits go one after the other"
    }

    private func stageRemedy(for story: FaultStory) -> String? {
        let target = story.target
        switch story.kind {
        case "partition":
            return "nothing reaches \(story.targets) while the connection is cut: a second path is "
                + "what helps; what waited is not lost"
        case "crash": return crashRemedy(for: story)
        case "hang":
            return "have something restart \(target) when it takes messages and acknowledges none, "
                + "such as a liveness check: whoever hangs does not say so"
        default: return nil
        }
    }

    private func crashRemedy(for story: FaultStory) -> String {
        let stage = stages.first { $0.name == story.target }
        let subscription = subscriptions.first { $0.name == stage?.subscription }
        let cause = "find out why \(story.target) crashes"
        guard let subscription, subscription.deadLettered > 0 else {
            return "\(cause); what it held is not lost, but delivered again after its deadline"
        }
        return "\(cause); until then allow more attempts, so that what is delivered again and "
            + "again is not given up (--set spec.subscriptions.\(subscription.name)"
            + ".deadLetterPolicy.maxDeliveryAttempts=20)"
    }

    private func producerRemedy(for story: FaultStory) -> String? {
        let target = story.target
        switch story.kind {
        case "schema-change":
            return "take the change of \(target) back, and check events against the rules of the "
                + "pipeline before a release; weir dead-letters list has what was given up"
        case "malformed", "empty-transaction-id", "repeated-transaction-id", "oversized":
            return "have \(target) check its events against the rules of the pipeline before it "
                + "publishes; weir dead-letters list has what was given up, by reason"
        case "bot-flood":
            return "limit how much one user may send, or leave its events out (filter of the "
                + "subscription), so that orders do not wait behind them"
        case "duplicate":
            return "nothing for what \(target) published twice: both copies have one id, and the "
                + "second changes nothing"
        case "clock-skew":
            return "keep the clock of \(target) in step: its events were counted in windows of "
                + "another time"
        default: return nil
        }
    }

    /// Whether the warehouse keeps the chains of what is stored.
    var keepsBlocks: Bool { warehouse.map { $0.store != "memory:" } ?? false }
}

extension RunReport.FaultStory {
    /// Such as `raw and warehouse`.
    fileprivate var targets: String {
        var names: [String] = []
        for fault in faults where !names.contains(fault.target) { names.append(fault.target) }
        return names.joined(separator: " and ")
    }

    /// Those that make more to do.
    static let ofMoreTraffic = ["spike", "flash-sale", "bot-flood"]
    /// Those that change how much there is to do.
    static let ofTraffic = ofMoreTraffic + ["drought"]

    fileprivate enum Place {
        case store
        /// A stage that reads, and what it reads from.
        case stage
        case producer
    }

    fileprivate var place: Place {
        switch kind {
        case "unavailable", "slow", "failing", "out-of-connections", "acknowledgement-lost",
            "metadata-blocks-lost":
            .store
        case "crash", "hang", "drop", "alter", "partition": .stage
        default: .producer
        }
    }
}
