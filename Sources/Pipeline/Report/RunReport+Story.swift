internal import Reports
internal import SLO

/// What happened in a run, for somebody who has a minute: what broke and who noticed, what it cost,
/// and what to change.
extension RunReport {
    /// Nothing where there is no scenario and nothing failed.
    var storySections: [Section] {
        guard scenario != nil || judged.result == .failed else { return [] }
        let lists = [
            ("what broke, and who noticed", faultSentences), ("what it cost", costs),
            ("what the objectives say", objectiveSentences), ("what to change", advice),
        ]
        let blocks = lists.filter { !$0.1.isEmpty }.map { title, items in
            ReportDocument.Block.list(title: title, items: items, more: 0)
        }
        return blocks.isEmpty ? [] : [Section(title: "What happened", blocks: blocks)]
    }

    // MARK: - Faults

    /// How many faults have a sentence of their own; further ones are counted.
    private static let faultsListed = 5

    /// What became of the faults, a sentence each.
    private var faultSentences: [String] {
        let stories = faultStories
        let listed = stories.prefix(RunReport.faultsListed).map(sentence)
        let more = stories.count - listed.count
        return listed + (more > 0 ? ["and \(more) more faults"] : [])
    }

    private func sentence(of story: FaultStory) -> String {
        let length = ReportNumbers.duration(seconds: length(of: story))
        let from = elapsed(story.faults.first?.start).map { ReportNumbers.duration(seconds: $0) }
        let times =
            story.faults.count > 1
            ? "\(ReportNumbers.count(Int64(story.faults.count))) times, \(length) in all"
            : "for \(length), from \(from ?? "the start") on"
        let subject = "\(story.event) \(times)"
        guard story.faults.contains(where: { $0.effects > 0 }) else {
            let isKept = warehouse.map { $0.store != "memory:" } ?? false
            return "\(subject): it changed nothing"
                + (story.kind == "metadata-blocks-lost" && !isKept
                    ? ", for a warehouse in memory keeps no blocks; name one with --warehouse" : "")
        }
        let isSeen = story.faults.contains { $0.visible != nil }
        let noticed = isSeen || story.faults.contains { $0.alert != nil }
        return noticed
            ? "\(subject): \(seen(story)), \(alerted(story).text), \(recovered(story))"
            : "\(subject): no objective saw it, and nobody was told"
    }

    // MARK: - Costs

    private var costs: [String] {
        fullSentences + stages.compactMap(lateSentence) + subscriptions.compactMap(deadSentence)
            + stages.compactMap(uncountedSentence) + stages.compactMap(duplicateSentence)
    }

    /// That a subscription was full, so that publishing had to wait.
    private var fullSentences: [String] {
        full.map { subscription in
            let limit = ReportNumbers.count(Int64(subscription.maximumMessages ?? 0))
            return "\(subscription.name) was full (\(limit) messages): publishing had to wait, and "
                + "all other subscriptions of the topic with it"
        }
    }

    /// The subscriptions that held nearly as much as they may.
    private var full: [Subscription] {
        subscriptions.filter { subscription in
            guard let limit = subscription.maximumMessages else { return false }
            let most = samples.compactMap { $0.backlog[subscription.name] }.max() ?? 0
            return most >= Int64(limit) - Int64(limit) / 50
        }
    }

    private func lateSentence(of stage: Stage) -> String? {
        guard let slow = stage.slowMessages, slow > 0, let limit = stage.latencyLimitSeconds
        else { return nil }
        let share = ReportNumbers.percent(Double(slow) / Double(max(1, stage.latency.count)))
        let longest = Cell.latency(milliseconds: stage.latency.maxMs).text
        let orders = stage.slowOrders.map { "; \($0.text) were among them" } ?? ""
        return "\(stage.name) was done with \(ReportNumbers.count(slow)) messages (\(share)) more "
            + "than \(ReportNumbers.duration(seconds: limit)) late, with the slowest after "
            + "\(longest)\(orders)"
    }

    private func deadSentence(of subscription: Subscription) -> String? {
        guard subscription.deadLettered > 0 else { return nil }
        let orders = subscription.deadOrders.map { ", \($0.text) among them" } ?? ""
        let isCounted = stages.contains {
            $0.subscription == subscription.name && $0.kind == "analytics"
        }
        let lacks = isCounted && subscription.deadOrders != nil ? ": revenue lacks these" : ""
        return "\(subscription.name) gave up \(ReportNumbers.count(subscription.deadLettered)) "
            + "messages as dead letters\(orders)\(lacks)"
    }

    /// That a stage has acknowledged what it has not processed.
    private func uncountedSentence(of stage: Stage) -> String? {
        let missing = unprocessed(by: stage)
        guard missing > 0 else { return nil }
        let lacks = stage.kind == "analytics" ? ": revenue and counts are short of them" : ""
        return "\(stage.name) acknowledged \(ReportNumbers.count(missing)) messages without "
            + "processing them\(lacks)"
    }

    /// How many messages of its subscription are acknowledged, and not accounted for by the stage.
    func unprocessed(by stage: Stage) -> Int64 {
        guard let subscription = subscriptions.first(where: { $0.name == stage.subscription })
        else { return 0 }
        // What it refused is a dead letter, unless its subscription has no policy for these.
        // order-free: added up
        let refused = stage.failures.values.reduce(0, +)
        let handled =
            stage.processed + stage.duplicates + stage.late + (stage.repeatedOrders ?? 0)
            + (stage.conflicts ?? 0) + max(0, refused - subscription.deadLettered)
        return max(0, subscription.acked - handled)
    }

    private func duplicateSentence(of stage: Stage) -> String? {
        guard scenario != nil, stage.duplicates > 0 else { return nil }
        return
            "\(stage.name) got \(ReportNumbers.count(stage.duplicates)) messages more than once, "
            + "and took each once"
    }

    // MARK: - Objectives

    private var objectiveSentences: [String] {
        let measured = (objectives ?? []).filter { $0.run != nil }
        func named(_ list: [Objective]) -> String {
            list.map { objective in
                "\(objective.name) (\(objective.runText) of "
                    + "\(FigureText.percent(target: objective.target)))"
            }.joined(separator: ", ")
        }
        let missed = measured.filter { $0.run?.meetsTarget == false }
        let noticed = measured.filter { $0.run?.meetsTarget == true && !$0.isPerfect }
        let blind = measured.filter(\.isPerfect).map(\.name)
        let firing = (alerts ?? []).count { $0.end == nil }
        return [
            missed.isEmpty ? nil : "missed: \(named(missed))",
            noticed.isEmpty ? nil : "noticed, and within the target: \(named(noticed))",
            blind.isEmpty ? nil : "did not notice: \(blind.joined(separator: ", "))",
            (alerts ?? []).isEmpty
                ? nil
                : "alerts: \(alerts?.count ?? 0) fired, \(firing) still firing at the end",
        ].compactMap(\.self)
    }

    // MARK: - Advice

    /// What to change, made from what happened; most urgent first, each once.
    private var advice: [String] {
        var advice = overloadAdvice
        for subscription in full {
            advice.append(
                "let \(subscription.name) hold more messages (flowControl), enough for as "
                    + "long as its store may be away"
            )
        }
        for story in faultStories where story.faults.contains(where: { $0.effects > 0 }) {
            let hints = [blindAdvice(of: story), story.advice].compactMap(\.self)
            for hint in hints where !advice.contains(hint) { advice.append(hint) }
        }
        return advice
    }

    /// What a stage needs that could not keep up.
    private var overloadAdvice: [String] {
        let busiest = stages.max { ($0.busyRatio ?? 0) < ($1.busyRatio ?? 0) }
        guard let busiest, let busy = busiest.busyRatio else { return [] }
        let share = ReportNumbers.percent(busy)
        let isTraffic = faultStories.contains { FaultStory.ofTraffic.contains($0.kind) }
        guard busy >= 0.95 || isTraffic || judged.text.contains("fell behind") else { return [] }
        guard (busiest.slowMessages ?? 0) > 0 || busy >= 0.95 else { return [] }
        let remedy =
            busiest.kind == "relay"
            ? "give it more workers"
            : "give it more workers, or a store that takes less time a call"
        return [
            "\(busiest.name) could not keep up\(busy < 0.95 ? " while the load was high" : "") "
                + "(busy \(share) of the whole run): \(remedy) "
                + "(--set spec.stages.\(busiest.name).workers=\((busiest.workers ?? 1) * 2)), and "
                + "find out what it can take with weir capacity"
        ]
    }

    /// What would have noticed a fault that no objective saw.
    private func blindAdvice(of story: FaultStory) -> String? {
        guard !(objectives ?? []).isEmpty, !story.faults.contains(where: { $0.visible != nil })
        else { return nil }
        switch story.kind {
        case "drop", "alter", "metadata-blocks-lost":
            return "no objective can see this: let weir invariants check compare what is stored, "
                + "after each run and every half hour (weir run --serve); it needs --raw and "
                + "--warehouse"
        case "duplicate", "acknowledgement-lost", "reordered": return nil
        default: return "no objective noticed \(story.name): add one on what it harms"
        }
    }
}

extension RunReport.Orders {
    /// Such as `120 orders worth 23,000.00 USD`.
    var text: String {
        let sums = worth.map { ReportNumbers.money($0.amount, $0.currency) }
            .map { $0.hasSuffix(" ") ? $0 + "without a currency" : $0 }
        let noun = count == 1 ? "order" : "orders"
        return "\(ReportNumbers.count(count)) \(noun) worth \(sums.joined(separator: " and "))"
    }
}

extension RunReport.Objective {
    /// Whether everything that this run counted of it was good.
    fileprivate var isPerfect: Bool { run?.sli.ratio == ExactRatio.one }

    /// The good share of what this run counted; that of the worst part where the parts of a
    /// composite were bad at once so often that they add up to more than all.
    var runText: String {
        if let ratio = run?.sli.ratio, ratio < .zero, let worst = run?.worst {
            return "\(worst.name) \(FigureText.percent(worst.sli))"
        }
        return FigureText.percent(run?.sli)
    }
}

extension RunReport.FaultStory {
    var kind: String { faults.first?.kind ?? "" }

    /// Those that change how much there is to do.
    static let ofTraffic = ["spike", "flash-sale", "bot-flood"]

    /// What happened, such as `raw could not be reached`.
    var event: String {
        let target = faults.first?.target ?? ""
        switch kind {
        case "unavailable": return "\(target) could not be reached"
        case "slow": return "\(target) was slow"
        case "failing": return "calls to \(target) failed"
        case "out-of-connections": return "\(target) had no connection left"
        case "acknowledgement-lost": return "\(target) stored what it reported as failed"
        case "metadata-blocks-lost": return "\(target) stored commits without their blocks"
        case "crash": return "\(target) crashed"
        case "hang": return "\(target) took messages and did nothing with them"
        case "drop": return "\(target) acknowledged messages without reading them"
        case "alter": return "\(target) read wrong amounts"
        case "partition": return "nothing reached \(target)"
        case "duplicate": return "\(target) published batches twice"
        case "reordered": return "\(target) published batches out of order"
        case "late": return "events of \(target) carried an earlier time"
        case "malformed": return "events of \(target) had amounts below zero"
        case "oversized": return "events of \(target) had too many items"
        case "schema-change": return "events of \(target) came without their currency"
        case "empty-transaction-id": return "orders of \(target) came without a transaction id"
        case "repeated-transaction-id": return "orders of \(target) had the id of another"
        case "clock-skew": return "the clock of \(target) was fast"
        case "spike": return "\(target) sent more events"
        case "flash-sale": return "\(target) sent more events, all of one product"
        case "bot-flood": return "one user flooded \(target) with views"
        case "drought": return "\(target) sent fewer events"
        default: return "\(target), \(kind)"
        }
    }

    /// What makes such a fault harmless, or its cost smaller.
    fileprivate var advice: String? {
        let target = faults.first?.target ?? ""
        switch kind {
        case "unavailable", "failing", "partition":
            return "\(target) is there only once: have a second one take over"
        case "slow":
            return "calls to \(target) wait in turn: more workers let several wait at once, and a "
                + "longer batch saves calls"
        case "out-of-connections":
            return "keep connections of \(target) for this pipeline: a lower limit for the other "
                + "clients, or a higher one on the server"
        case "crash":
            return
                "what \(target) held when it crashed comes again only after its deadline: a "
                + "shorter ackDeadlineSeconds brings it back sooner"
        case "hang":
            return
                "a worker of \(target) that hangs keeps what it took until its deadline: a shorter "
                + "ackDeadlineSeconds gives it to another one"
        case "malformed", "schema-change", "empty-transaction-id", "repeated-transaction-id",
            "oversized":
            return "hold \(target) to the rules of the shop before it publishes; the dead letters "
                + "keep what was sent, to be sent again once it is mended"
        case "bot-flood":
            return
                "limit how much one user may send, or filter it out (filter of the "
                + "subscription), so that orders do not wait behind it"
        case "duplicate", "acknowledgement-lost":
            return "nothing: what came twice was stored and counted once"
        default: return nil
        }
    }
}
