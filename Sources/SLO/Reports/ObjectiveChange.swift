internal import Documents

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

    /// A share below 1, or per cent above 1; which of the two 1 is meant to be, nobody knows.
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
