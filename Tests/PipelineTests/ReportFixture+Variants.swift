import Pipeline
import Reports

extension ReportFixture {
    /// Takes away everything that did not go the normal way.
    static func makeClean(_ report: inout RunReport) {
        report.producers[0].rejected = [:]
        for index in report.subscriptions.indices {
            report.subscriptions[index].acked = report.subscriptions[index].published
            report.subscriptions[index].deadLettered = 0
        }
    }

    /// A run that published nothing.
    static func empty() throws -> RunReport {
        try RunReport(
            json: """
                {"schema_version": 1, "pipeline": "idle", "outcome": "completed", "started": "s",
                 "ended": "e", "duration_seconds": 0, "input": {"kind": "log", "stream": "empty",
                 "latency_from": "intended send"},
                 "rate": {"profile": "constant", "reached": 0}, "producers": [],
                 "subscriptions": [{"name": "q", "topic": "t", "published": 0, "acked": 0,
                   "outstanding": 0, "backlog": 0, "waiting_to_retry": 0, "dead_lettered": 0,
                   "expired": 0, "filtered": 0, "shed": 0, "conserved": true, "delivered": 0,
                   "redelivered": 0, "nacked": 0, "expired_deadlines": 0,
                   "dead_letters_by_reason": {}}],
                 "stages": [{"name": "ingest", "kind": "ingest", "subscription": "q",
                   "processed": 0, "duplicates": 0, "late": 0, "failures": {}, "store_retries": 0,
                   "latency": {"count": 0}, "jobs": {"count": 0}}],
                 "samples": []}
                """
        )
    }
}

extension String {
    /// The texts that stand between `opening` and `closing`.
    func pieces(between opening: String, and closing: String) -> [Substring] {
        var found: [Substring] = []
        var rest = self[...]
        while let start = rest.firstRange(of: opening) {
            rest = rest[start.upperBound...]
            guard let end = rest.firstRange(of: closing) else { break }
            found.append(rest[..<end.lowerBound])
            rest = rest[end.upperBound...]
        }
        return found
    }
}
