package import Documents
package import Reports

/// The capacities of one pipeline in several configurations, in virtual time, as they are written
/// to JSON (`schema_version` 2).
package struct CapacityComparison: WrittenReport, Codable, Sendable {
    /// One of the configurations.
    package struct Entry: Codable, Sendable {
        /// What it has otherwise than the pipeline file, such as `spec.stages.ingest.workers=4`.
        package var settings: [String]
        /// The highest rate that held; nil where none did.
        package var capacity: Double?
        /// The lowest rate above it that did not; nil where there is no telling how much more
        /// would hold.
        package var failing: Double?
        /// The busiest stage at ``failing``.
        package var bottleneck: String?
        /// Of the slowest stage, at the capacity.
        package var p50Ms: Double?
        package var p99Ms: Double?
        /// In the order in which they were run.
        package var probes: [CapacityReport.Probe]

        /// The configuration made by `settings`, with what `search` has found by `probes`.
        package init(
            _ settings: [DocumentSetting],
            _ probes: [CapacityReport.Probe],
            _ search: CapacitySearch
        ) {
            self.settings = settings.map(\.description)
            self.probes = probes
            capacity = search.capacity
            failing = search.failing
            bottleneck = probes.last { $0.rate == search.failing && !$0.holds }?.bottleneck
            let own = probes.last { $0.rate == search.capacity && $0.holds }
            p50Ms = own?.p50Ms
            p99Ms = own?.p99Ms
        }
    }

    package var schemaVersion = 2
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

    /// What a row of the table has room for.
    private static let longestLabel = 44

    /// What each configuration is called, of which no two are alike: its settings where they are
    /// short, else a number, under which they are listed.
    private var labels: [(label: String, settings: String?)] {
        let short = entries.map { entry in
            entry.settings.map { setting in
                ["spec.stages.", "spec.stores.", "spec."].first { setting.hasPrefix($0) }
                    .map { String(setting.dropFirst($0.count)) } ?? setting
            }.joined(separator: " ")
        }
        return entries.enumerated().map { place, entry in
            if entry.settings.isEmpty { return ("as the file is", nil) }
            let isAlone = short.count { $0 == short[place] } == 1
            if isAlone, short[place].count <= CapacityComparison.longestLabel {
                return (short[place], nil)
            }
            return ("no. \(place)", entry.settings.joined(separator: " "))
        }
    }

    package var document: ReportDocument {
        let base = entries.first?.capacity
        let labels = labels
        let table = ReportDocument.Table(
            "configurations",
            [
                .text("configuration"), .number("holds"), .number("does not hold"),
                .number("against the file"), .number("p50"), .number("p99"), .text("bottleneck"),
            ],
            of: Array(zip(entries, labels))
        ) { entry, label in
            let ratio = entry.capacity.flatMap { capacity in
                base.map { capacity / $0 }
            }
            return [
                .init(label.label),
                entry.capacity.map { .init(ReportNumbers.rate($0)) } ?? .init("no rate", .bad),
                .init(entry.failing.map(ReportNumbers.rate)),
                .init(ratio.map { "\(ReportNumbers.trimmed($0)) ×" }),
                .latency(milliseconds: entry.p50Ms),
                .latency(milliseconds: entry.p99Ms),
                .init(entry.bottleneck),
            ]
        }
        let listed = labels.compactMap { label in
            label.settings.map { "\(label.label): \($0)" }
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
            sections: [
                .init(
                    title: "Configurations",
                    blocks: [.table(table)]
                        + (listed.isEmpty ? [] : [.list(title: "settings", items: listed, more: 0)])
                )
            ],
            footer: "Schema version \(schemaVersion)"
        )
    }
}
