package import Reports
package import Storage
internal import Timekeeping

/// The open dead letters by subscription and cause, for people and programs.
package struct DeadLetterListing: WrittenReport, Decodable, Sendable {
    /// Letters of one subscription and cause.
    package struct Group: Codable, Sendable {
        package var subscription: String
        package var reason: String
        package var count: Int64
        /// RFC 3339.
        package var firstFailure: String
        package var lastFailure: String
        /// How many failed last in each part of the time in which any did, of at most twelve.
        package var trend: [Int64]
        /// How long each part is.
        package var trendPartSeconds: Int64
        /// How many of the latest ones were held to the rules.
        package var judged: Int
        /// How many of those would pass now.
        package var wouldPass: Int
        /// How many of the latest ones only the reader of their log can judge.
        package var unknown: Int
        /// What the latest one said.
        package var example: String?
    }

    package var schemaVersion = 1
    /// Without secrets.
    package var warehouse: String
    /// The largest first.
    package var groups: [Group] = []

    /// In at most so many parts a trend is told.
    package static let parts = 12

    /// The letters that `store`, called `warehouse`, keeps; `sample` of each group are judged.
    package init(
        _ store: any DeadLetterStore,
        in warehouse: String,
        by judge: LetterJudge,
        sample: Int
    ) async throws {
        self.warehouse = warehouse
        for group in try await store.letterGroups(parts: DeadLetterListing.parts)
        where group.count > 0 {
            let latest = try await store.latestLetters(
                of: group.subscription,
                reason: group.reason,
                atMost: sample
            )
            let verdicts = latest.map { judge.judge($0).verdict }
            let unknown = verdicts.count { $0 == .unknown }
            groups.append(
                Group(
                    subscription: group.subscription,
                    reason: group.reason,
                    count: group.count,
                    firstFailure: group.firstFailure.description,
                    lastFailure: group.lastFailure.description,
                    trend: group.trend,
                    trendPartSeconds: group.part.inNanoseconds / 1_000_000_000,
                    judged: verdicts.count - unknown,
                    wouldPass: verdicts.count { $0 == .passes },
                    unknown: unknown,
                    example: latest.first?.detail
                )
            )
        }
        groups.sort {
            ($1.count, $0.subscription, $0.reason) < ($0.count, $1.subscription, $1.reason)
        }
    }

    /// The listing, for any form.
    package var document: ReportDocument {
        let count = groups.reduce(0) { $0 + $1.count }
        let columns: [ReportDocument.Column] = [
            .text("subscription"), .text("cause"), .number("letters"), .text("would pass now"),
            .text("trend"), .text("last failure"), .text("first failure"),
        ]
        let part =
            groups.first.map {
                ", " + DurationText.write(.seconds($0.trendPartSeconds)) + " a bar"
            } ?? ""
        var blocks: [ReportDocument.Block] = [
            .table(
                .init(
                    "the largest group first; trend: when they failed last\(part)",
                    columns,
                    of: groups
                ) { group in
                    [
                        .init(group.subscription), .init(group.reason), .count(group.count),
                        Self.share(of: group), .init(Self.line(group.trend)),
                        .instant(group.lastFailure), .instant(group.firstFailure),
                    ]
                }
            )
        ]
        let examples = groups.compactMap { group in
            group.example.map { "\(group.subscription), \(group.reason): \($0)" }
        }
        blocks.append(.list(title: "the latest of each said", items: examples, more: 0))
        return ReportDocument(
            kind: "Dead letters",
            title: "Dead letters of \(warehouse)",
            subject: "warehouse",
            verdict: count == 0
                ? .init("no dead letter is open", .good)
                : .init(
                    "\(ReportNumbers.count(count)) open in \(groups.count) "
                        + (groups.count == 1 ? "group" : "groups"),
                    .warning
                ),
            facts: [],
            sections: count == 0 ? [] : [.init(title: "Groups", blocks: blocks)]
        )
    }

    private static func share(of group: Group) -> ReportDocument.Cell {
        guard group.judged > 0 else { return .init("unknown", .absent) }
        let isAll = Int64(group.judged) == group.count
        let share = "\(group.wouldPass) of \(isAll ? "" : "the latest ")\(group.judged)"
        return .init(share + (group.unknown > 0 ? ", \(group.unknown) unknown" : ""))
    }

    /// The counts as a line of bars, the highest of which is the largest count.
    private static func line(_ counts: [Int64]) -> String {
        let most = counts.max() ?? 0
        let bars = Array("▁▂▃▄▅▆▇█")
        return String(
            counts.map { count in
                guard count > 0, most > 0 else { return "·" }
                let height = count.multipliedFullWidth(by: 7)
                return bars[Int(most.dividingFullWidth(height).quotient)]
            }
        )
    }
}
