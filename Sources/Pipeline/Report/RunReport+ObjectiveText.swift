internal import Reports
internal import SLO

/// What a run says of its objectives in words.
extension RunReport {
    /// Those that the run missed, those that it met although not all was good, those that noticed
    /// nothing, and the alerts.
    var objectiveSentences: [String] {
        let measured = (objectives ?? []).filter { $0.run != nil }
        let missed = measured.filter { $0.run?.meetsTarget == false }
        let touched = measured.filter { $0.run?.meetsTarget == true && !$0.isPerfect }
        let blind = measured.filter(\.isPerfect).map(\.name)
        return missed.map { "missed \(told($0))" }
            + touched.map { "met \(told($0))" }
            + (blind.isEmpty ? [] : ["noticed nothing bad: \(blind.joined(separator: ", "))"])
            + alertSentence
    }

    /// Such as `freshness: ingest stored 38.7% of its events within 10 s (target 99%)`.
    private func told(_ objective: Objective) -> String {
        let target = FigureText.percent(target: objective.target)
        return "\(objective.name): \(counted(objective)) (target \(target))"
    }

    private func counted(_ objective: Objective) -> String {
        guard let run = objective.run else { return "nothing was counted" }
        let all = FigureText.share(run.sli, target: objective.target)
        let parts = run.parts ?? []
        if let slices = run.slices, slices.total > 0 {
            let good = ReportNumbers.count(slices.total - slices.bad)
            let noun =
                slices.seconds == 60
                ? "minutes" : "slices of \(ReportNumbers.duration(seconds: slices.seconds))"
            let bad = parts.filter { $0.sli.ratio != .one }.map(\.subject)
            let word = parts.allSatisfy { $0.measure == "availability" } ? "down" : "bad"
            let blame =
                parts.count > 1 && !bad.isEmpty ? "; \(word): \(bad.joined(separator: ", "))" : ""
            return "good in \(good) of \(ReportNumbers.count(slices.total)) \(noun), \(all)\(blame)"
        }
        guard parts.count > 1 else {
            return parts.first.map { sentence(of: $0, target: objective.target) } ?? all
        }
        // Each part has its own events: no share of all of them together means anything.
        let target = ExactDecimal(objective.target).map(ExactRatio.init) ?? .one
        let below = parts.filter { ($0.sli.ratio ?? .one) < target }
        let touched = parts.filter { ($0.sli.ratio ?? .one) < .one }
        let told = (below.isEmpty ? touched : below).map {
            sentence(of: $0, target: objective.target)
        }
        let together =
            below.isEmpty && !run.meetsTarget
            ? "; what they missed together is more than the target allows" : ""
        return told.joined(separator: ", and ") + together
    }

    private func sentence(of part: Part, target: String) -> String {
        let share = FigureText.share(part.sli, target: target)
        let limit = part.limitSeconds.map(RunReport.limit)
        switch (part.measure, limit) {
        case ("latency", let limit?):
            return
                "\(part.subject) \(done(by: part.subject)) \(share) of its events within \(limit)"
        case ("jobs", let limit?): return "\(share) of the jobs took less than \(limit)"
        case ("messages", _):
            let each =
                subscriptions.count > 1 ? ", each event counted once per subscription" : ""
            return "\(share) of the messages were processed\(each)"
        case ("freshness", let limit?), ("lag", let limit?):
            return "\(part.subject) was less than \(limit) behind in \(share) of the time"
        case (_?, _):
            let bound = part.bound.map { " \($0)" } ?? ""
            return "\(part.meter ?? part.name)\(bound) in \(share) of the time"
        case (nil, _): return "\(part.name) \(share)"
        }
    }

    /// What `stage` does with an event, in the past.
    func done(by stage: String) -> String {
        switch stages.first(where: { $0.name == stage })?.kind {
        case "ingest": "stored"
        case "analytics": "counted"
        case "relay": "passed on"
        default: "was done with"
        }
    }

    /// The objective with its share, short, such as `freshness of ingest 83.1% (target 99%)`.
    func brief(_ objective: Objective) -> String {
        let target = FigureText.percent(target: objective.target)
        let whose = objective.decisive.map { " of \($0.subject)" } ?? ""
        let figure = FigureText.share(objective.shownShare, target: objective.target)
        return "\(objective.name)\(whose) \(figure) (target \(target))"
    }

    /// A limit that somebody wrote, such as `10 s`, which was not measured.
    static func limit(seconds: Double) -> String {
        seconds >= 1 && seconds < 60
            ? ReportNumbers.trimmed(seconds) + " s" : ReportNumbers.duration(seconds: seconds)
    }

    private var alertSentence: [String] {
        guard let alerts, !alerts.isEmpty else { return [] }
        let firing = alerts.filter { $0.end == nil }
        let fired =
            alerts.count == 1
            ? "1 alert fired" : "\(ReportNumbers.count(Int64(alerts.count))) alerts fired"
        guard !firing.isEmpty else { return ["\(fired), and none fires at the end"] }
        var names: [String] = []
        for name in firing.map({ String($0.alert.prefix { $0 != "/" }) })
        where !names.contains(name) {
            names.append(name)
        }
        return [
            "\(fired); \(firing.count) of \(names.joined(separator: " and ")) still "
                + "\(firing.count == 1 ? "fires" : "fire"): they look back over hours or days"
        ]
    }
}

extension RunReport.Objective {
    /// Whether everything that this run counted of it was good.
    var isPerfect: Bool { run?.sli.ratio == ExactRatio.one }

    /// Of a composite that counts events, the part with the smallest share of good ones: the
    /// events of its parts are those of several subscriptions, and no sum of them means anything.
    ///
    /// Nil where all was good, and where that part alone would have met a target which all of them
    /// together missed.
    var decisive: RunReport.Part? {
        guard let run, run.slices == nil, let parts = run.parts, parts.count > 1,
            let target = ExactDecimal(target).map(ExactRatio.init)
        else { return nil }
        let worst = parts.min { ($0.sli.ratio ?? .one) < ($1.sli.ratio ?? .one) }
        guard let worst, let share = worst.sli.ratio, share < .one,
            (share >= target) == run.meetsTarget
        else { return nil }
        return worst
    }

    /// The good share of what this run counted, of its decisive part where it has one.
    var shownShare: SLOReport.Figure? { decisive?.sli ?? run?.sli }

    /// The same for a cell, with whose it is.
    var runText: String {
        FigureText.percent(shownShare) + (decisive.map { " (\($0.subject))" } ?? "")
    }
}

extension RunReport.Part {
    /// The kind of its meter, such as `latency` of `latency.ingest`.
    fileprivate var measure: String? { meter.map { String($0.prefix { $0 != "." }) } }

    /// What it is about: the stage, subscription or component of its meter.
    var subject: String {
        guard let meter, let dot = meter.firstIndex(of: ".") else { return name }
        return String(meter[dot...].dropFirst())
    }
}
