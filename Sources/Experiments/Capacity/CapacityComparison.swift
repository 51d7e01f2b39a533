package import Documents
internal import Pipeline
package import Reports

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

/// The configurations of a pipeline that a comparison looks at.
package enum Configurations {
    /// More than these take too long to be looked at.
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
