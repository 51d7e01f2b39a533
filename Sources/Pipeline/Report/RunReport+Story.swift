internal import Reports

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
        guard !stories.isEmpty else {
            guard let fellBehind else { return [] }
            let cause = overload.map { "\($0), so the run " } ?? ""
            return ["\(cause)\(fellBehind); \(firstPage ?? "nobody was paged")"]
        }
        let listed = stories.prefix(RunReport.faultsListed).map(sentence)
        let more = stories.count - listed.count
        let areMixed = (faults ?? []).contains { $0.recoveredWith != nil && $0.visible != nil }
        return listed + (more > 0 ? ["and \(more) more faults"] : [])
            + (areMixed
                ? ["what was seen of faults at the same time may be the work of any of them"] : [])
    }

    /// Such as `freshness paged on-call after 3 min`; nil where nothing paged.
    private var firstPage: String? {
        guard let page = (alerts ?? []).first(where: { $0.severity == "page" }),
            let after = elapsed(page.start)
        else { return nil }
        let people = (page.notifies ?? []).joined(separator: " and ")
        return
            "\(page.alert.prefix { $0 != "/" }) paged\(people.isEmpty ? "" : " ")\(people) after "
            + ReportNumbers.duration(seconds: after)
    }

    private func sentence(of story: FaultStory) -> String {
        let length = ReportNumbers.duration(seconds: length(of: story))
        let from = elapsed(story.faults.first?.start).map { ReportNumbers.duration(seconds: $0) }
        let times =
            story.faults.count > 1
            ? "\(ReportNumbers.count(Int64(story.faults.count))) times for \(length) in all"
            : "for \(length) from \(from ?? "0 s") on"
        let subject = "\(story.event), \(times)"
        guard story.effects > 0 else {
            return "\(subject): it changed nothing"
                + (story.kind == "metadata-blocks-lost" && !keepsBlocks
                    ? ", for a warehouse in memory keeps no blocks" : "")
        }
        let isSeen = story.faults.contains { $0.visible != nil }
        let noticed = isSeen || story.faults.contains { $0.alert != nil }
        let end = noticed || story.isLasting ? "; \(recovered(story))" : ""
        return noticed
            ? "\(subject): \(seen(story)), \(alerted(story).text)\(end)"
            : "\(subject): no objective saw it, and nobody was told\(end)"
    }

    // MARK: - Costs

    private var costs: [String] {
        fullSentences + stages.compactMap(uncountedSentence) + stages.compactMap(lateSentence)
            + deadSentences + faultStories.compactMap(lastingCost)
            + stages.compactMap(duplicateSentence)
    }

    /// That a subscription was full, so that publishing had to wait, or messages were shed.
    private var fullSentences: [String] {
        full.map { subscription in
            let limit = ReportNumbers.count(Int64(subscription.maximumMessages ?? 0))
            let fullness = "\(subscription.name) was full (\(limit) messages)"
            return subscription.shed > 0
                ? "\(fullness), and shed \(ReportNumbers.count(subscription.shed))"
                : "\(fullness): publishing had to wait, and all other subscriptions of the topic "
                    + "with it"
        }
    }

    /// The subscriptions that held nearly as much as they may.
    var full: [Subscription] {
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
        let orders = stage.slowOrders.map { ", among them \($0.text)" } ?? ""
        return
            "\(stage.name) \(done(by: stage.name)) \(ReportNumbers.count(slow)) events (\(share)) "
            + "later than the \(RunReport.limit(seconds: limit)) limit\(orders); the "
            + "slowest took \(longest)"
    }

    private var deadSentences: [String] {
        let sentences = subscriptions.compactMap(deadSentence)
        return sentences.count > 1
            ? sentences + ["each subscription gives up its own copy of an event"] : sentences
    }

    private func deadSentence(of subscription: Subscription) -> String? {
        guard subscription.deadLettered > 0 else { return nil }
        let share = Double(subscription.deadLettered) / Double(max(1, subscription.published))
        let reasons = RunReport.byCount(subscription.deadLettersByReason).prefix(2)
            .map { "\($0.name) \(ReportNumbers.count($0.count))" }
        let why = reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))"
        let orders = subscription.deadOrders.map { ", among them \($0.text)" } ?? ""
        let isLacking = isCounted(subscription) && subscription.deadOrders != nil
        let lacks = isLacking ? ": revenue lacks these" : ""
        return "\(subscription.name) gave up \(ReportNumbers.count(subscription.deadLettered)) "
            + "messages (\(ReportNumbers.percent(share))) as dead letters\(why)\(orders)\(lacks)"
            + storedAnyway(subscription)
    }

    /// That dead letters are stored as well, where an ingest stage stored more than was
    /// acknowledged: what came between the two took the acknowledgement away.
    private func storedAnyway(_ subscription: Subscription) -> String {
        let readers = stages.filter { $0.subscription == subscription.name }
        guard !readers.isEmpty, readers.allSatisfy({ $0.kind == "ingest" }) else { return "" }
        // Each event that is new to the store is that of a message here, in whatever state.
        let stored =
            readers.reduce(0) { $0 + $1.processed } - subscription.acked - subscription.unsettled
            - subscription.expired
        guard stored > 0 else { return "" }
        guard stored < subscription.deadLettered else {
            return "; all of them are stored, and only their acknowledgement was lost"
        }
        return "; at least \(ReportNumbers.count(stored)) of them are stored, and only their "
            + "acknowledgement was lost"
    }

    /// That a stage has acknowledged what it has not processed.
    private func uncountedSentence(of stage: Stage) -> String? {
        let missing = unprocessed(by: stage)
        guard missing > 0 else { return nil }
        let taken = faultStories.filter { $0.kind == "drop" && $0.target == stage.name }
        let orders = taken.flatMap(\.faults).compactMap(\.orders)
        let worth =
            orders.count == 1
            ? ", among them \(orders[0].text)"
            : orders.isEmpty
                ? ""
                : ", among them \(ReportNumbers.count(orders.reduce(0) { $0 + $1.count })) orders"
        let lacks = stage.kind == "analytics" ? ": revenue and counts are short of them" : ""
        return "\(lost(by: stage))\(worth)\(lacks)"
    }

    /// Such as `analytics acknowledged 1,867 messages without counting them`.
    func lost(by stage: Stage) -> String {
        let verb = stage.kind == "analytics" ? "counting" : "processing"
        return "\(stage.name) acknowledged \(ReportNumbers.count(unprocessed(by: stage))) messages "
            + "without \(verb) them"
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
        // What a seek skipped was not given to it.
        return max(0, subscription.acked - (subscription.skipped ?? 0) - handled)
    }

    /// What a fault took away that no message misses.
    private func lastingCost(of story: FaultStory) -> String? {
        guard story.effects > 0 else { return nil }
        let count = ReportNumbers.count(story.effects)
        switch story.kind {
        case "metadata-blocks-lost":
            return "\(count) commits have no metadata block, the record of which messages a commit "
                + "counted: their figures are right, and nothing proves where they are from"
        case "alter":
            return "\(story.target) took \(count) amounts for others than they are: revenue is "
                + "wrong by that"
        default: return nil
        }
    }

    private func duplicateSentence(of stage: Stage) -> String? {
        guard scenario != nil, stage.duplicates > 0 else { return nil }
        return
            "\(stage.name) got \(ReportNumbers.count(stage.duplicates)) messages more than once, "
            + "and took each once"
    }
}

extension RunReport.Orders {
    /// Such as `120 orders worth 23,000.00 USD`.
    var text: String {
        "\(ReportNumbers.count(count)) \(count == 1 ? "order" : "orders") worth \(worthText)"
    }

    /// Such as `23,000.00 USD`.
    var worthText: String {
        worth.map { ReportNumbers.money($0.amount, $0.currency) }
            .map { $0.hasSuffix(" ") ? $0 + "without a currency" : $0 }
            .joined(separator: " and ")
    }
}
