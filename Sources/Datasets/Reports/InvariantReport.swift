internal import Documents
package import Reports
internal import Timekeeping

/// The state of a warehouse's invariants, for people and programs.
package struct InvariantReport: WrittenReport, Sendable {
    /// A violation, present or past.
    package struct Anomaly: Encodable, Sendable {
        package var subject: String
        package var detail: String
        /// RFC 3339; nil if nothing is kept.
        package var firstSeen: String?
        package var lastSeen: String?
        package var gone: String?
        /// The version of the deployment that it is attributed to; nil for none.
        package var deployment: String?
    }

    /// The state of one invariant.
    package struct Invariant: Encodable, Sendable {
        package var name: String
        package var severity: String
        package var owner: String
        package var description: String
        /// The number of violations; nil if unknown.
        package var anomalies: Int64?
        /// Whether it needs a census of the raw events, of which there was none.
        package var lacksCensus = false
        /// Since the snapshot before; nil if none is kept.
        package var appeared: Int?
        package var disappeared: Int?
        /// Why the last check failed.
        package var failure: String?
        /// When the figures were found, in RFC 3339; nil for never.
        package var asOf: String?
        package var tookSeconds: Double?
        package var rows: [Anomaly]
        /// How many more violations there are than ``rows`` has.
        package var more: Int64
    }

    package var schemaVersion = 1
    /// The warehouse, without secrets.
    package var warehouse: String
    package var invariants: [Invariant]

    /// How many rows of an invariant a report has.
    package static let rowLimit = 100

    /// Whether there are invariants, all were checked, and none is violated.
    package var holds: Bool {
        !invariants.isEmpty && !hasAnomalies && !hasFailures
            && !invariants.contains { $0.lacksCensus }
    }

    /// Whether any invariant is violated.
    package var hasAnomalies: Bool { invariants.contains { ($0.anomalies ?? 0) > 0 } }

    /// Whether any invariant could not be checked.
    package var hasFailures: Bool { invariants.contains { $0.failure != nil } }
}

extension InvariantReport {
    /// The result of a check that is not stored.
    package init(_ findings: [InvariantFinding], of set: InvariantSet, in warehouse: String) {
        self.warehouse = warehouse
        let refused = set.refused.map { InvariantFinding($0.name, .failed($0.reason), took: .zero) }
        invariants = (findings + refused).sorted { $0.invariant < $1.invariant }.map { finding in
            let invariant = set.invariants.first { $0.name == finding.invariant }
            var line = Invariant(
                name: finding.invariant,
                severity: invariant?.severity.rawValue ?? "",
                owner: invariant?.owner ?? "",
                description: invariant?.description ?? "",
                tookSeconds: finding.took.inSeconds,
                rows: [],
                more: 0
            )
            switch finding.outcome {
            case .found(let count, let violations):
                guard violations.first?.subject != Datasets.Invariant.noCensus else {
                    line.lacksCensus = true
                    return line
                }
                line.anomalies = count
                line.rows = violations.prefix(Self.rowLimit).map {
                    Anomaly(subject: $0.subject, detail: $0.detail)
                }
                line.more = count - Int64(line.rows.count)
            case .failed(let reason):
                line.failure = reason
            }
            return line
        }
    }

    /// A snapshot, and what has changed since the one `before`, where that is given.
    ///
    /// With `gone`, its rows are also those that have gone; each is attributed to one of
    /// `deployments` or to none.
    package init(
        _ snapshot: InvariantSnapshot,
        since before: InvariantSnapshot? = nil,
        only name: String? = nil,
        gone: Bool = false,
        deployments: [Deployment] = [],
        in warehouse: String
    ) {
        self.warehouse = warehouse
        let standings = snapshot.standings.filter { name == nil || $0.invariant == name }
        let known = before.map { Set($0.anomalies.filter { $0.gone == nil }.map(Key.init)) }
        // order-free: each is looked up.
        let anomalies = Dictionary(grouping: snapshot.anomalies, by: \.invariant)
        invariants = standings.map { standing in
            let own = anomalies[standing.invariant, default: []]
            let present = own.filter { $0.gone == nil }
            let shown = gone ? own : present
            let keys = Set(present.map(Key.init))
            return Invariant(
                name: standing.invariant,
                severity: standing.severity,
                owner: standing.owner,
                description: standing.description,
                anomalies: standing.refreshed == nil ? nil : standing.count,
                appeared: known.map { keys.subtracting($0).count },
                disappeared: known.map {
                    $0.filter { $0.invariant == standing.invariant }.subtracting(keys).count
                },
                failure: standing.failure,
                asOf: standing.refreshed?.description,
                tookSeconds: standing.took.inSeconds,
                rows: shown.prefix(Self.rowLimit).map { Anomaly($0, deployments) },
                more: max(0, standing.count - Int64(present.count))
                    + Int64(max(0, shown.count - Self.rowLimit))
            )
        }
    }

    /// Adds those of `set` that the report lacks, which need a census and have none.
    package mutating func addUnjudged(of set: InvariantSet) {
        for invariant in set.invariants
        where invariant.needsCensus && !invariants.contains(where: { $0.name == invariant.name }) {
            invariants.append(
                Invariant(
                    name: invariant.name,
                    severity: invariant.severity.rawValue,
                    owner: invariant.owner,
                    description: invariant.description,
                    lacksCensus: true,
                    rows: [],
                    more: 0
                )
            )
        }
        invariants.sort { $0.name < $1.name }
    }

    /// An anomaly and how long it has been there.
    private struct Key: Hashable {
        var invariant: String
        var subject: String
        var firstSeen: Timestamp

        init(_ anomaly: InvariantSnapshot.Anomaly) {
            invariant = anomaly.invariant
            subject = anomaly.subject
            firstSeen = anomaly.firstSeen
        }
    }
}

extension InvariantReport.Anomaly {
    fileprivate init(_ anomaly: InvariantSnapshot.Anomaly, _ deployments: [Deployment]) {
        self.init(
            subject: anomaly.subject,
            detail: anomaly.detail,
            firstSeen: anomaly.firstSeen.description,
            lastSeen: anomaly.lastSeen.description,
            gone: anomaly.gone?.description,
            deployment: deployments.cause(ofWhatWasFirstSeen: anomaly.firstSeen)?.version
        )
    }
}

extension InvariantReport {
    /// The report, for any form.
    package var document: ReportDocument {
        let failing = invariants.filter { ($0.anomalies ?? 0) > 0 }
        let unknown = invariants.filter { $0.failure != nil || $0.lacksCensus }
        var sections = [
            ReportDocument.Section(title: "Invariants", blocks: [.table(table)])
        ]
        let blocks = failing.map { invariant in
            ReportDocument.Block.list(
                title: "\(invariant.name): \(invariant.description)",
                items: invariant.rows.map(Self.line),
                more: invariant.more
            )
        }
        if !blocks.isEmpty {
            sections.append(ReportDocument.Section(title: "Anomalies", blocks: blocks))
        }
        if !unknown.isEmpty {
            sections.append(
                ReportDocument.Section(
                    title: "Not checked",
                    blocks: unknown.map { invariant in
                        .list(
                            title: invariant.name,
                            items: [invariant.failure ?? Self.lackOfCensus]
                                + (invariant.asOf.map { ["its figures are from \($0)"] } ?? []),
                            more: 0
                        )
                    }
                )
            )
        }
        let holding = invariants.count { $0.failure == nil && $0.anomalies == 0 }
        let verdict =
            "\(holding) of \(invariants.count) invariants hold"
            + (unknown.isEmpty ? "" : ", \(unknown.count) could not be checked")
        return ReportDocument(
            kind: "Invariants",
            title: "Invariants of \(warehouse)",
            subject: "warehouse",
            verdict: .init(verdict, holds ? .good : .bad),
            facts: [],
            sections: sections
        )
    }

    private static let lackOfCensus =
        "there is no census of the raw events; name their store with --raw"

    private static func line(_ anomaly: Anomaly) -> String {
        var line = "\(anomaly.subject): \(anomaly.detail)"
        if let first = anomaly.firstSeen { line += " (since \(first)" }
        if let version = anomaly.deployment { line += ", after the deployment of \(version)" }
        if let gone = anomaly.gone { line += ", gone \(gone)" }
        return anomaly.firstSeen == nil ? line : line + ")"
    }

    private var table: ReportDocument.Table {
        let showsChanges = invariants.contains { $0.appeared != nil }
        return ReportDocument.Table(
            "violations",
            [.text("invariant"), .text("severity"), .text("owner"), .number("anomalies")]
                + (showsChanges ? [.number("new"), .number("gone")] : []),
            of: invariants
        ) { invariant in
            let count =
                invariant.lacksCensus
                ? "no census"
                : invariant.anomalies.map { ReportDocument.Cell.count($0, ifAny: .bad) } ?? .absent
            var row: [ReportDocument.Cell] = [
                "\(invariant.name)", "\(invariant.severity)", "\(invariant.owner)", count,
            ]
            if showsChanges {
                row += [
                    invariant.appeared.map { .count(Int64($0), ifAny: .bad) } ?? .absent,
                    invariant.disappeared.map { .count(Int64($0)) } ?? .absent,
                ]
            }
            return row
        }
    }
}

/// The invariants of some files, for people and programs.
package struct InvariantListing: WrittenListing, Sendable {
    package struct Line: Encodable, Sendable {
        package var name: String
        package var severity: String
        package var owner: String
        package var grace: String
        package var description: String
        package var file: String
        /// Nil for any database.
        package var dialect: String?
    }

    package var schemaVersion = 1
    package var invariants: [Line]

    /// The listing of `set`.
    package init(_ set: InvariantSet) {
        invariants = set.invariants.map { invariant in
            Line(
                name: invariant.name,
                severity: invariant.severity.rawValue,
                owner: invariant.owner,
                grace: DurationText.write(invariant.grace),
                description: invariant.description,
                file: invariant.file,
                dialect: invariant.dialect?.rawValue
            )
        }
    }

    package func text(colour: Bool) -> String {
        let table = ReportDocument.Table(
            "invariants",
            [
                .text("invariant"), .text("severity"), .text("owner"), .text("grace"),
                .text("for"), .text("file"),
            ],
            of: invariants
        ) { line in
            [
                "\(line.name)", "\(line.severity)", "\(line.owner)", "\(line.grace)",
                "\(line.dialect ?? "any")", "\(line.file)",
            ]
        }
        return TableText(table, colour: colour).text
    }
}
