package import Reports
internal import Timekeeping

/// What would have been spent and fired with other objectives
/// (`schema_version` 1).
package struct ReplayReport: WrittenReport, Codable, Sendable {
    /// An objective as its documents have it, and as it was changed.
    package struct Comparison: Codable, Sendable {
        package var asWritten: SLOReport.Objective
        package var changed: SLOReport.Objective
    }

    package var schemaVersion = 1
    package var asOf: String
    package var source: String
    /// Such as `target=99.95`.
    package var changes: [String]
    package var objectives: [Comparison]

    /// The comparison of two reports on the same objectives and history.
    package init(asWritten: SLOReport, changed: SLOReport, changes: [String]) {
        asOf = changed.asOf
        source = changed.source
        self.changes = changes
        objectives = zip(asWritten.objectives, changed.objectives).map {
            Comparison(asWritten: $0, changed: $1)
        }
    }

    /// The comparison, for any format.
    package var document: ReportDocument {
        ReportDocument(
            kind: "SLO replay",
            title: objectives.count == 1 ? objectives[0].changed.title : "Objectives",
            subject: "replay",
            verdict: .init("with \(changes.joined(separator: ", "))"),
            facts: [
                .init("as of", .instant(asOf)),
                .init("history", .init(source)),
            ],
            sections: objectives.map(\.section),
            footer: "Schema version \(schemaVersion) · as of \(asOf)"
        )
    }
}

extension ReplayReport.Comparison {
    private typealias Cell = ReportDocument.Cell

    fileprivate var section: ReportDocument.Section {
        let figures: [(String, (SLOReport.Objective) -> Cell)] = [
            ("state", { Cell($0.state, $0.mark) }),
            ("target", { Cell(FigureText.percent(target: $0.target)) }),
            ("window", { Cell($0.window.length) }),
            ("SLI", { Cell(FigureText.percent($0.measured.sli, digits: 6)) }),
            ("budget, minutes", { Cell(FigureText.number($0.budget.allowedMinutes)) }),
            ("spent", { Cell(FigureText.percent($0.budget.spentRatio, digits: 2)) }),
            ("left", { Cell(FigureText.percent($0.budget.remainingRatio, digits: 2)) }),
            ("exhausted", { $0.exhaustion }),
            ("alerts fired", { Cell("\($0.alerts.count)") }),
            ("still firing", { Cell("\($0.alerts.count { $0.end == nil })") }),
        ]
        let table = ReportDocument.Table(
            "figures",
            [.text(""), .number("as written"), .number("changed")],
            of: figures
        ) { [Cell($0.0), $0.1(asWritten), $0.1(changed)] }
        var blocks: [ReportDocument.Block] = [.table(table)]
        if let timeline = changed.timeline() { blocks.append(.timeline(timeline)) }
        return ReportDocument.Section(title: changed.title, blocks: blocks + differences)
    }

    /// How many alerts are named on each side.
    private static let namedAlerts = 10

    /// The alerts that one of the two fires and the other does not.
    private var differences: [ReportDocument.Block] {
        func own(_ left: SLOReport.Objective, without right: SLOReport.Objective) -> [String] {
            let others = Set(right.alerts.map { "\($0.start) \($0.severity)" })
            return left.alerts.filter { !others.contains("\($0.start) \($0.severity)") }.map {
                let end = $0.end.map(ReportNumbers.instant) ?? "now, still firing"
                return "\(ReportNumbers.instant($0.start)) to \(end): \($0.alert), \($0.because)"
            }
        }
        let sides = [
            ("fired only as written", own(asWritten, without: changed)),
            ("fired only as changed", own(changed, without: asWritten)),
        ]
        let lists = sides.filter { !$0.1.isEmpty }.map { title, items in
            ReportDocument.Block.list(
                title: title,
                items: Array(items.prefix(Self.namedAlerts)),
                more: Int64(max(0, items.count - Self.namedAlerts))
            )
        }
        return lists.isEmpty ? [.note(.init("the same alerts fired"))] : lists
    }
}

/// A change to an objective, to see what would have come of it.
package enum ObjectiveChange: Hashable, Sendable {
    /// The share that has to be good.
    case target(ExactDecimal)
    /// A rolling period of this length.
    case window(Duration)
    /// The four pairs of the SRE Workbook, fitted to the period, in place of all policies.
    case workbook
    /// One pair of windows in place of all policies.
    case pair(long: Duration, short: Duration?, factor: ExactDecimal)
    /// With fewer events in the period nothing is said.
    case minimumEvents(Int64)

    /// What may be written, for messages.
    package static let forms =
        "target=99.95 (per cent below 100, or a share above 0 and below 1), "
        + "window=7d, policy=workbook, "
        + "policy=1h/5m@14.4 or minimum-events=100"

    /// The change that `text` asks for, such as `target=99.95`; nil where it asks for none.
    package init?(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        switch parts[0] {
        case "target":
            guard let target = ObjectiveChange.share(parts[1]) else { return nil }
            self = .target(target)
        case "window":
            guard let window = DurationText.parse(parts[1]), window > .zero else { return nil }
            self = .window(window)
        case "policy":
            guard let policy = ObjectiveChange.policy(parts[1]) else { return nil }
            self = policy
        case "minimum-events":
            guard let count = Quantity(parts[1])?.whole(), count >= 0 else { return nil }
            self = .minimumEvents(count)
        default: return nil
        }
    }

    /// A share below 1, or per cent above 1; 1 could be either, and is refused.
    private static func share(_ text: String) -> ExactDecimal? {
        guard let number = ExactDecimal(text), number > .zero, number != .one else { return nil }
        let share =
            number < .one ? number : ExactDecimal(digits: number.digits, scale: number.scale + 2)
        return share.flatMap { Objective.isTarget($0) ? $0 : nil }
    }

    private static func policy(_ text: String) -> ObjectiveChange? {
        if text == "workbook" { return .workbook }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let factor = ExactDecimal(parts[1]), factor > .zero else {
            return nil
        }
        let windows = parts[0].split(separator: "/", omittingEmptySubsequences: false)
            .map { DurationText.parse(String($0)) }
        guard (1...2).contains(windows.count), let long = windows[0], long > .zero else {
            return nil
        }
        guard windows.count == 2 else { return .pair(long: long, short: nil, factor: factor) }
        guard let short = windows[1], short > .zero, short <= long else { return nil }
        return .pair(long: long, short: short, factor: factor)
    }

    /// Makes `changes` to `objective`, one after the other.
    package static func apply(_ changes: [ObjectiveChange], to objective: inout Objective) {
        for case .window(let window) in changes {
            objective.timeWindow = .rolling(window)
        }
        var rules: [AlertRule]?
        for change in changes {
            switch change {
            case .window: break
            case .target(let target):
                objective.target = target
                for index in objective.components.indices {
                    objective.components[index].target = nil
                }
            case .minimumEvents(let count): objective.minimumEvents = count
            case .workbook:
                let period = objective.timeWindow.nominalLength
                let pairs = BurnRateAlert.workbook(period: period).map(AlertRule.burnRate)
                rules = (rules ?? []) + pairs
            case .pair(let long, let short, let factor):
                let alert = BurnRateAlert(
                    longWindow: long,
                    shortWindow: short,
                    factor: factor,
                    severity: "page"
                )
                rules = (rules ?? []) + [.burnRate(alert)]
            }
        }
        if let rules {
            objective.alertPolicies = [AlertPolicy(name: "replay", rules: rules)]
        }
    }
}
