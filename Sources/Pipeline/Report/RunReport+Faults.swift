internal import Reports
internal import SLO
internal import Timekeeping

extension RunReport {
    /// One time that a fault of the scenario was there.
    package struct Fault: Codable, Sendable {
        package var name: String
        /// Such as `unavailable`.
        package var kind: String
        /// What of the pipeline it happened to.
        package var target: String
        package var start: String
        package var end: String
        /// Calls, deliveries, batches or events it changed; 0 where none came by.
        package var effects: Int64
        package var firstEffect: String?
        /// The end of the first slice in which an objective counted something bad.
        package var visible: String?
        /// The first alert that fired after its start and before it was recovered from.
        package var alert: String?
        package var alerted: String?
        /// The end of the first slice after it in which nothing was bad and no more messages
        /// waited than before.
        package var recovered: String?
    }

    /// Nothing where no fault was to happen.
    var faultSections: [Section] {
        guard let faults, !faults.isEmpty else { return [] }
        let table = Table(
            "faults",
            [
                .text("fault"), .text("target"), .text("started"), .number("effects"),
                .text("visible"), .text("alert"), .text("ended"), .text("recovered"),
            ],
            of: faults,
            limit: 50
        ) { fault in
            [
                Cell(fault.name), Cell(fault.target), Cell(fault.start), .count(fault.effects),
                RunReport.after(fault.start, fault.visible, otherwise: "not in an objective"),
                fault.alert.map { alert in
                    let wait = RunReport.after(fault.start, fault.alerted, otherwise: "")
                    return Cell("\(alert) \(wait.text)", .bad)
                } ?? Cell("none", .absent),
                RunReport.after(fault.start, fault.end, otherwise: ""),
                RunReport.after(fault.start, fault.recovered, otherwise: "not by the end"),
            ]
        }
        return [Section(title: "Faults", blocks: [.table(table)])]
    }

    /// How long after `start` it was, such as `+52s`.
    private static func after(_ start: String, _ instant: String?, otherwise: String) -> Cell {
        guard let instant, let from = Timestamp(rfc3339: start),
            let to = Timestamp(rfc3339: instant)
        else { return Cell(otherwise, .absent) }
        return Cell("+\(ReportNumbers.duration(seconds: (to - from).inSeconds))")
    }
}

extension RunReport.Fault {
    init(
        _ occurrence: FaultPlan.Occurrence,
        _ effect: FaultInjector.Effect,
        _ sight: FaultWatch.Sight,
        episodes: [AlertEpisode]
    ) {
        let (start, fault) = (occurrence.range.lowerBound, occurrence.fault)
        let alert = episodes.first { episode in
            // Of what was silent before, the fault is not the cause.
            if case .silence(let since) = episode.evidence, since < start { return false }
            return episode.start >= start && episode.start <= sight.recovered ?? .distantFuture
        }
        self.init(
            name: fault.name,
            kind: fault.kind.rawValue,
            target: fault.target,
            start: start.description,
            end: occurrence.range.upperBound.description,
            effects: effect.count,
            firstEffect: effect.first?.description,
            visible: sight.visible?.description,
            alert: alert?.alert.description,
            alerted: alert?.start.description,
            recovered: sight.recovered?.description
        )
    }
}
