package import Reports
package import Storage
internal import Timekeeping

/// The log records that a query has found, for people and programs.
package struct LogListing: WrittenReport, Sendable {
    /// A record.
    package struct Line: Codable, Sendable {
        /// Rises from record to record of a store.
        package var sequence: Int64
        /// RFC 3339.
        package var time: String
        package var level: String
        package var message: String
        /// All that it says, by name.
        package var fields: [String: String]
        /// The same in the order of the names.
        private var ordered: [LogField]

        private enum CodingKeys: String, CodingKey {
            case sequence
            case time
            case level
            case message
            case fields
        }

        package init(from decoder: any Decoder) throws {
            let keys = try decoder.container(keyedBy: CodingKeys.self)
            sequence = try keys.decode(Int64.self, forKey: .sequence)
            time = try keys.decode(String.self, forKey: .time)
            level = try keys.decode(String.self, forKey: .level)
            message = try keys.decode(String.self, forKey: .message)
            fields = try keys.decode([String: String].self, forKey: .fields)
            ordered = fields.sorted { $0.key < $1.key }
                .map { LogField(name: $0.key, value: $0.value) }
        }

        package init(_ record: LogRecord) {
            sequence = record.sequence
            time = record.time.description
            level = record.level.rawValue
            message = record.message
            ordered = record.fields
            // order-free: keys are sorted when they are written.
            fields = Dictionary(record.fields.map { ($0.name, $0.value) }) { first, _ in first }
        }

        /// What it says, on one line: `dead letter: order o-93, reason missing_field`.
        fileprivate var details: String {
            let told = ordered.filter { !["service", "stage"].contains($0.name) }
                .map { "\($0.name) \($0.value)" }
            return told.isEmpty ? message : "\(message): \(told.joined(separator: ", "))"
        }

        /// The record on a line of its own.
        package var text: String {
            let stage = fields["stage"].map { "\($0): " } ?? ""
            return "\(time) \(level) \(stage)\(details)"
        }
    }

    /// What one store has.
    package struct Store: Encodable, Sendable {
        /// Its URL, without secrets.
        package var store: String
        package var records: [Line]
        /// Whether there are others.
        package var hasMore: Bool
        /// Why it could not be asked.
        package var failure: String?
    }

    package var schemaVersion = 1
    package var query: [String: [String]]
    package var stores: [Store] = []
    private let text: String
    private let doubt: String?
    /// Whether those that are left out come before those that are shown.
    private let showsLast: Bool

    private enum CodingKeys: String, CodingKey {
        case schemaVersion
        case query
        case stores
    }

    /// A listing without stores yet.
    package init(_ query: LogQuery, showsLast: Bool) {
        text = query.text
        doubt = query.doubt
        self.showsLast = showsLast
        // order-free: keys are sorted when they are written.
        self.query = Dictionary(grouping: query.fields, by: \.name).mapValues { $0.map(\.value) }
    }

    /// Adds what the store called `label` has found.
    package mutating func add(_ found: FoundLogs, in label: String) {
        stores.append(
            Store(store: label, records: found.records.map(Line.init), hasMore: found.hasMore)
        )
    }

    /// Adds why the store called `label` could not be asked.
    package mutating func add(failure: String, in label: String) {
        stores.append(Store(store: label, records: [], hasMore: false, failure: failure))
    }

    /// The listing, for any form.
    package var document: ReportDocument {
        ReportDocument(
            kind: "Logs",
            title: text.isEmpty ? "Logs" : "Logs with \(text)",
            subject: "query",
            verdict: verdict,
            facts: [],
            sections: stores.map(section)
        )
    }

    private var verdict: ReportDocument.Cell {
        let shown = stores.reduce(0) { $0 + Int64($1.records.count) }
        let hasFailures = stores.contains { $0.failure != nil }
        guard shown > 0 else {
            let absence =
                hasFailures
                ? "none found where they could be looked for; see below"
                : "no such log is kept"
            return .init(
                [absence, doubt].compactMap(\.self).joined(separator: "; "),
                hasFailures ? .warning : .absent
            )
        }
        let more = stores.contains(where: \.hasMore)
        let others = more ? "; there are \(showsLast ? "earlier" : "later") ones" : ""
        return .init(
            "\(ReportNumbers.count(shown)) \(shown == 1 ? "record" : "records")" + others
                + (hasFailures ? "; not every store could be asked" : ""),
            hasFailures ? .warning : .none
        )
    }

    private func section(_ store: Store) -> ReportDocument.Section {
        if let failure = store.failure {
            return .init(title: store.store, blocks: [.note(.init("unknown: \(failure)", .bad))])
        }
        guard let first = store.records.first, let last = store.records.last else {
            return .init(title: store.store, blocks: [.note(.init("no such log", .absent))])
        }
        let table = ReportDocument.Table(
            "in their order",
            [.text("time"), .text("level"), .text("stage"), .text("what")],
            of: store.records
        ) { line in
            [
                .init(ReportNumbers.instant(line.time)), .init(line.level),
                .init(line.fields["stage"]), .init(line.details),
            ]
        }
        var blocks: [ReportDocument.Block] = [.table(table)]
        if store.hasMore {
            blocks.append(
                .note(
                    .init(
                        showsLast
                            ? "… there are earlier ones than \(first.time): --limit, or --since"
                            : "… there are more; the next page: --after \(last.sequence)"
                    )
                )
            )
        }
        return .init(title: store.store, blocks: blocks)
    }
}
