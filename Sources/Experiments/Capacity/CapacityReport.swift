package import Reports
internal import Storage
internal import Timekeeping

/// What a search for the highest rate has found, as it is written to JSON (`schema_version` 2).
package struct CapacityReport: WrittenReport, Codable, Sendable {
    /// A service time that follows from what was measured.
    package struct ServiceTime: Codable, Sendable {
        /// Where it belongs in the pipeline file, such as `spec.stores.raw`.
        package var place: String
        package var calls: Int64
        package var events: Int64
        package var perCallMs: Double
        package var perEventMs: Double
        /// The `serviceTime` to put there.
        package var yaml: String

        fileprivate init(_ time: MeasuredWork.Time) {
            place = time.path.joined(separator: ".")
            calls = time.work.calls
            events = time.work.events
            perCallMs = time.fit.perCall.inSeconds * 1000
            perEventMs = time.fit.perEvent.inSeconds * 1000
            yaml = time.fit.yaml
        }
    }

    package var schemaVersion = 2
    package var pipeline: String
    /// How long each rate was tried, in seconds.
    package var probeSeconds: Double
    package var stores: [String]
    /// In the order in which they were run.
    package var probes: [Probe]
    /// The highest rate that held; nil where none did.
    package var capacity: Double?
    /// The lowest rate above it that did not; nil where none was found.
    package var failing: Double?
    /// The busiest stage of the pipeline at ``failing``; nil where that is not the limit.
    package var bottleneck: String?
    /// Whether the events could not be made any faster, while the pipeline kept up.
    package var generatorIsLimit: Bool
    /// What the stages and stores did in all probes.
    package var work: MeasuredWork
    /// What follows from that; empty where the two costs cannot be told apart.
    package var serviceTimes: [ServiceTime] = []
    /// The highest rate that holds in virtual time with ``serviceTimes``.
    package var virtualCapacity: Double? = nil

    /// The report of `search`, whose `probes` each lasted for `length`.
    package init(
        pipeline: String,
        length: Duration,
        stores: [String],
        probes: [Probe],
        _ search: CapacitySearch
    ) {
        self.pipeline = pipeline
        probeSeconds = length.inSeconds
        self.stores = stores
        self.probes = probes
        capacity = search.capacity
        failing = search.failing
        let limit = probes.last { $0.rate == search.failing && !$0.holds }
        generatorIsLimit = limit?.generatorIsLimit ?? false
        bottleneck = generatorIsLimit ? nil : limit?.bottleneck
        work = MeasuredWork()
        for probe in probes { work.add(probe.work) }
    }

    /// How often a run of `length` is looked at.
    package static func sampleInterval(of length: Duration) -> Duration {
        max(.milliseconds(2), length / 500)
    }

    /// Notes the service times that were measured, and what holds with them in virtual time.
    package mutating func note(_ times: [MeasuredWork.Time], virtualCapacity: Double?) {
        serviceTimes = times.map(ServiceTime.init)
        self.virtualCapacity = virtualCapacity
    }

    /// The answer with its precision, as "holds 12,400/s, does not hold 12,600/s".
    static func answer(
        _ capacity: Double?,
        _ failing: Double?,
        generatorIsLimit: Bool
    ) -> ReportDocument.Cell {
        guard let capacity else {
            let lowest = failing.map { ", not even \(ReportNumbers.rate($0))" } ?? ""
            return .init("no rate holds\(lowest)", .bad)
        }
        let holds = "holds \(ReportNumbers.rate(capacity))"
        guard let failing else { return .init("\(holds) at least", .good) }
        let reached = ReportNumbers.rate(failing)
        return generatorIsLimit
            ? .init(
                "\(holds); at \(reached) the generator is the limit, not the pipeline",
                .warning
            ) : .init("\(holds), does not hold \(reached)", .good)
    }
}

extension CapacityReport {
    /// What it says, for any form.
    package var document: ReportDocument {
        var sections = [curveSection]
        if let utilisation = utilisationSection { sections.append(utilisation) }
        if !serviceTimes.isEmpty { sections.append(serviceTimeSection) }
        return ReportDocument(
            kind: "capacity",
            title: pipeline,
            subject: "report",
            verdict: CapacityReport.answer(
                capacity,
                failing,
                generatorIsLimit: generatorIsLimit
            ),
            facts: facts,
            sections: sections,
            footer: "Schema version \(schemaVersion)"
        )
    }

    private var facts: [ReportDocument.Fact] {
        var facts: [ReportDocument.Fact] = [
            .init(
                "bottleneck",
                generatorIsLimit ? "the generator" : .init(bottleneck),
                remark: generatorIsLimit
                    ? "the pipeline may hold more" : "the busiest stage beyond that rate"
            )
        ]
        if let virtualCapacity {
            facts.append(
                .init(
                    "in virtual time",
                    .init("holds \(ReportNumbers.rate(virtualCapacity))"),
                    remark: "with the service times below"
                )
            )
        }
        return facts + [
            .init("each rate", .init(ReportNumbers.duration(seconds: probeSeconds))),
            .init("stores", .init(stores.joined(separator: ", "))),
        ]
    }

    private var curveSection: ReportDocument.Section {
        let curve = probes.sorted { $0.rate < $1.rate }
        let table = ReportDocument.Table(
            "rates",
            [
                .number("rate"), .text(""), .number("reached"), .number("p50"), .number("p99"),
                .number("backlog grows"), .text("why"),
            ],
            of: curve
        ) { probe in
            [
                .init(ReportNumbers.rate(probe.rate)),
                probe.holds ? .init("✓", .good) : .init("✗", .bad),
                .init(ReportNumbers.rate(probe.reached)),
                .latency(milliseconds: probe.p50Ms), .latency(milliseconds: probe.p99Ms),
                .init(probe.backlogGrowth.map { ReportNumbers.rate($0.rounded()) }),
                probe.holds ? "" : .init(probe.verdict),
            ]
        }
        let plots = CapacityReport.plots(curve, capacity: capacity, failing: failing)
        return .init(
            title: "The curve",
            blocks: (plots.isEmpty ? [] : [.plots(plots)]) + [.table(table)]
        )
    }

    /// How busy everything was where the rate did not hold.
    private var utilisationSection: ReportDocument.Section? {
        guard let probe = probes.last(where: { $0.rate == failing && !$0.holds }) else {
            return nil
        }
        let table = ReportDocument.Table(
            "busy while the load lasted",
            [.text("stage"), .number("busy")],
            of: probe.utilisation
        ) { stage in
            let isBusiest = stage.stage == bottleneck
            let busy = ReportNumbers.percent(stage.busyRatio)
            return [
                .init(stage.stage),
                ReportDocument.Cell(busy, isBusiest ? .warning : .none)
                    .bar(stage.busyRatio, of: 1),
            ]
        }
        return .init(title: "At \(ReportNumbers.rate(probe.rate))", blocks: [.table(table)])
    }

    private var serviceTimeSection: ReportDocument.Section {
        let table = ReportDocument.Table(
            "measured, all rates together",
            [
                .text("place"), .number("calls"), .number("events a call"), .number("a call"),
                .number("an event"),
            ],
            of: serviceTimes
        ) { time in
            [
                .init(time.place), .count(time.calls),
                .init(
                    ReportNumbers.significant(Double(time.events) / Double(max(1, time.calls)))
                ),
                .latency(milliseconds: time.perCallMs), .latency(milliseconds: time.perEventMs),
            ]
        }
        return .init(
            title: "Service times",
            blocks: [
                .table(table),
                .list(
                    title: "for the pipeline file",
                    items: serviceTimes.map { "\($0.place): serviceTime: \($0.yaml)" },
                    more: 0
                ),
            ]
        )
    }

    /// Latency and the growth of the backlog by rate; none of fewer than two rates.
    static func plots(_ curve: [Probe], capacity: Double?, failing: Double?) -> [Plot] {
        guard let highest = curve.last?.rate, curve.count > 1 else { return [] }
        let degrees = [("p50", curve.map(\.p50Ms)), ("p99", curve.map(\.p99Ms))]
        let latencies = degrees.enumerated().map { degree, values in
            Plot.Series(name: values.0, ink: .degree(degree), values: values.1) {
                ReportNumbers.latency(milliseconds: $0)
            }
        }
        let growth = curve.map { $0.backlogGrowth.map { max(0, $0) } }
        var marks: [Plot.Mark] = []
        if let capacity { marks.append(.init(time: capacity, label: "✓ holds")) }
        if let failing { marks.append(.init(time: failing, label: "✗ does not hold")) }
        var plots = [
            Plot(
                title: "Latency by rate",
                caption: "from the intended send to the acknowledgement of the slowest stage",
                series: latencies,
                times: curve.map(\.rate),
                horizontal: .quantity(highest: highest, unit: "/s", whole: false),
                vertical: .latency(milliseconds: latencies.flatMap(\.values).compactMap(\.self))
            ),
            Plot(
                title: "Backlog by rate",
                caption: "how many messages more waited each second",
                series: [
                    Plot.Series(name: "growth", ink: .degree(2), values: growth) {
                        ReportNumbers.rate($0)
                    }
                ],
                times: curve.map(\.rate),
                horizontal: .quantity(highest: highest, unit: "/s", whole: false),
                vertical: .quantity(
                    highest: growth.compactMap(\.self).max() ?? 1,
                    unit: "/s",
                    whole: false
                )
            ),
        ]
        for place in plots.indices { plots[place].marks = marks }
        return plots
    }
}
