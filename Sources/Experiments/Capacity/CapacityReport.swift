package import Documents
package import Pipeline
package import Reports
internal import SLO

/// What a search for the highest rate has found, as it is written to JSON (`schema_version` 1).
package struct CapacityReport: WrittenReport, Codable, Sendable {
    /// A run at one rate.
    package struct Probe: Codable, Sendable {
        /// Events per second that were asked for.
        package var rate: Double
        package var reached: Double
        /// Of the slowest stage, from intended send to acknowledgement.
        package var p50Ms: Double?
        package var p99Ms: Double?
        /// Messages that waited when the last event had been published, all subscriptions
        /// together.
        package var backlog: Int64
        package var holds: Bool
        /// Why it does not hold, or that it does.
        package var verdict: String
        /// The stage that could not follow; nil where all could.
        package var saturated: String?
    }

    package var schemaVersion = 1
    package var pipeline: String
    /// How long each rate was tried, in seconds.
    package var probeSeconds: Double
    package var stores: [String]
    /// In the order in which they were run.
    package var probes: [Probe]
    /// The highest rate that held; nil where none did.
    package var capacity: Double?
    /// What cannot follow beyond it.
    package var saturated: String?

    package init(
        pipeline: String,
        probeSeconds: Double,
        stores: [String],
        probes: [Probe],
        capacity: Double?
    ) {
        self.pipeline = pipeline
        self.probeSeconds = probeSeconds
        self.stores = stores
        self.probes = probes
        self.capacity = capacity
        let failed = probes.filter { !$0.holds }.min { $0.rate < $1.rate }
        saturated = failed?.saturated
    }
}

extension CapacityReport.Probe {
    /// How much may wait at the end, in seconds of the rate: what comes in a second more than
    /// that shows that it will not end.
    private static let patience = 1.0
    /// How much of the time may be more than was asked for: a rate that is not reached takes
    /// longer, while by chance alone fewer events may come.
    private static let lateShare = 0.02

    /// What the run that `report` is of says about `rate`.
    package init(_ report: RunReport, rate: Double) {
        let last = report.samples.last { $0.publishedRate > 0 }
        let backlog = last?.backlog ?? [:]
        // order-free: added up, and the greatest by count and name
        let waiting = backlog.values.reduce(0, +)
        let fullest = backlog.max { ($0.value, $1.key) < ($1.value, $0.key) }
        let behind = fullest.flatMap { fullest in
            Double(fullest.value) > rate * 0.1
                ? report.stages.first { $0.subscription == fullest.key }?.name : nil
        }
        let failing = report.objectives?.first { $0.gate.outcome == .fails }
        let isSlow = report.rate.isLate(by: Self.lateShare)
        var saturated: String?
        var verdict = "holds"
        if let failure = report.failure {
            verdict = "fails: \(failure)"
            saturated = behind
        } else if let failing {
            verdict = "\(failing.name): \(failing.gate.reason)"
            saturated = behind ?? report.slowestStage?.name
        } else if Double(waiting) > rate * Self.patience {
            verdict = "\(ReportNumbers.count(waiting)) messages wait at the end"
            saturated = behind
        } else if isSlow {
            verdict = "\(ReportNumbers.rate(report.rate.reached)) reached"
            saturated = behind ?? report.producers.first?.name
        }
        self.init(
            rate: rate,
            reached: report.rate.reached,
            p50Ms: report.slowestStage?.latency.p50Ms,
            p99Ms: report.slowestStage?.latency.p99Ms,
            backlog: waiting,
            holds: verdict == "holds",
            verdict: verdict,
            saturated: saturated
        )
    }
}

extension RunReport {
    /// The stage with the greatest 99th percentile.
    fileprivate var slowestStage: Stage? {
        stages.max { ($0.latency.p99Ms ?? 0) < ($1.latency.p99Ms ?? 0) }
    }
}

extension CapacityReport {
    /// What it says, for any form.
    package var document: ReportDocument {
        let curve = probes.sorted { $0.rate < $1.rate }
        let table = ReportDocument.Table(
            "rates",
            [
                .number("rate"), .number("reached"), .number("p50"), .number("p99"),
                .number("backlog"), .text("verdict"), .text("saturated"),
            ],
            of: curve
        ) { probe in
            [
                .init(ReportNumbers.rate(probe.rate)), .init(ReportNumbers.rate(probe.reached)),
                .latency(milliseconds: probe.p50Ms), .latency(milliseconds: probe.p99Ms),
                .count(probe.backlog), .init(probe.verdict, probe.holds ? .good : .bad),
                .init(probe.saturated),
            ]
        }
        return ReportDocument(
            kind: "capacity",
            title: pipeline,
            subject: "report",
            verdict: capacity.map { .init("holds up to \(ReportNumbers.rate($0))", .good) }
                ?? .init("no rate holds", .bad),
            facts: [
                .init(
                    "capacity",
                    .init(capacity.map(ReportNumbers.rate)),
                    remark: "the highest rate at which all objectives hold, confirmed"
                ),
                .init(
                    "saturated",
                    .init(saturated),
                    remark: "what cannot follow beyond it"
                ),
                .init("each rate", .init(ReportNumbers.duration(seconds: probeSeconds))),
                .init("stores", .init(stores.joined(separator: ", "))),
            ],
            sections: [
                .init(
                    title: "The curve",
                    blocks: (plot(curve).map { [.plots([$0])] } ?? []) + [.table(table)]
                )
            ],
            footer: "Schema version \(schemaVersion)"
        )
    }

    private func plot(_ curve: [Probe]) -> Plot? {
        guard let highest = curve.last?.rate, curve.count > 1 else { return nil }
        let degrees = [("p50", curve.map(\.p50Ms)), ("p99", curve.map(\.p99Ms))]
        let series = degrees.enumerated().map { degree, values in
            Plot.Series(name: values.0, ink: .degree(degree), values: values.1) {
                ReportNumbers.latency(milliseconds: $0)
            }
        }
        let values = series.flatMap(\.values).compactMap(\.self)
        return Plot(
            title: "Latency by rate",
            caption: "from the intended send to the acknowledgement of the slowest stage",
            series: series,
            times: curve.map(\.rate),
            horizontal: .quantity(highest: highest, unit: "/s", whole: false),
            vertical: .latency(milliseconds: values)
        )
    }
}

/// The capacities of one pipeline in several configurations, in virtual time, as they are written
/// to JSON (`schema_version` 1).
package struct CapacityComparison: WrittenReport, Codable, Sendable {
    /// One of the configurations.
    package struct Entry: Codable, Sendable {
        /// What it has otherwise than the pipeline file, such as `spec.stages.ingest.workers=4`.
        package var settings: [String]
        /// The highest rate that held; nil where none did.
        package var capacity: Double?
        /// Whether there is no telling how much more would hold.
        package var isAtLeast: Bool
        /// What cannot follow beyond it.
        package var saturated: String?
        /// Of the slowest stage, at the capacity.
        package var p50Ms: Double?
        package var p99Ms: Double?
        /// In the order in which they were run.
        package var probes: [CapacityReport.Probe]

        /// The configuration made by `settings`, with what a search up to `highest` has found.
        package init(
            _ settings: [DocumentSetting],
            _ probes: [CapacityReport.Probe],
            capacity: Double?,
            highest: Double
        ) {
            self.settings = settings.map(\.description)
            self.probes = probes
            self.capacity = capacity
            isAtLeast = capacity.map { $0 >= highest } ?? false
            saturated = probes.filter { !$0.holds }.min { $0.rate < $1.rate }?.saturated
            let own = probes.last { $0.rate == capacity && $0.holds }
            p50Ms = own?.p50Ms
            p99Ms = own?.p99Ms
        }
    }

    package var schemaVersion = 1
    package var pipeline: String
    /// How long each rate was tried, in virtual seconds.
    package var probeSeconds: Double
    /// As the file is, then the others as they were asked for.
    package var entries: [Entry]

    package init(pipeline: String, probeSeconds: Double, entries: [Entry]) {
        self.pipeline = pipeline
        self.probeSeconds = probeSeconds
        self.entries = entries
    }

    package var document: ReportDocument {
        let base = entries.first?.capacity
        let table = ReportDocument.Table(
            "configurations",
            [
                .text("configuration"), .number("capacity"), .number("against the file"),
                .number("p50"), .number("p99"), .text("saturated"),
            ],
            of: entries
        ) { entry in
            let capacity = entry.capacity.map { capacity in
                (entry.isAtLeast ? "at least " : "") + ReportNumbers.rate(capacity)
            }
            let ratio = entry.capacity.flatMap { capacity in
                base.map { capacity / $0 }
            }
            return [
                .init(
                    entry.settings.isEmpty
                        ? "as the file is" : entry.settings.joined(separator: " ")
                ),
                capacity.map { .init($0) } ?? .init("no rate holds", .bad),
                .init(ratio.map { "\(($0 * 100).rounded() / 100) ×" }),
                .latency(milliseconds: entry.p50Ms),
                .latency(milliseconds: entry.p99Ms),
                .init(entry.saturated),
            ]
        }
        let best = entries.enumerated().max {
            ($0.element.capacity ?? 0, -$0.offset) < ($1.element.capacity ?? 0, -$1.offset)
        }?.element
        return ReportDocument(
            kind: "capacity",
            title: pipeline,
            subject: "report",
            verdict: best?.capacity.map { capacity in
                .init("\(ReportNumbers.rate(capacity)) at best, in virtual time", .good)
            } ?? .init("no rate holds", .bad),
            facts: [
                .init("each rate", .init(ReportNumbers.duration(seconds: probeSeconds))),
                .init(
                    "time",
                    .init("virtual"),
                    remark:
                        "stores and stages take the times that are declared, or were measured"
                ),
            ],
            sections: [.init(title: "Configurations", blocks: [.table(table)])],
            footer: "Schema version \(schemaVersion)"
        )
    }
}

/// The configurations of a pipeline that are compared.
package enum Configurations {
    /// More than these take too long.
    package static let limit = 64

    /// The values that `text` lists: those of `a,b,c`, where a comma in brackets separates none.
    package static func values(_ text: String) -> [String] {
        var values: [String] = [""]
        var depth = 0
        for character in text {
            if "[{".contains(character) { depth += 1 }
            if "]}".contains(character) { depth -= 1 }
            if character == ",", depth <= 0 {
                values.append("")
            } else {
                values[values.count - 1].append(character)
            }
        }
        return values
    }

    /// The pipeline as it is, each of `alternatives` alone, and every combination of the values
    /// that each of `ranges` lists.
    package static func all(
        alternatives: [DocumentSetting],
        ranges: [DocumentSetting]
    ) -> [[DocumentSetting]] {
        var combinations: [[DocumentSetting]] = [[]]
        for range in ranges {
            combinations = combinations.flatMap { others in
                values(range.value).map { value in
                    others + [DocumentSetting(path: range.path, value: value)]
                }
            }
        }
        return [[]] + alternatives.map { [$0] } + (ranges.isEmpty ? [] : combinations)
    }
}
