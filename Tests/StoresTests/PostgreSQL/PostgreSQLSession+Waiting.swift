import TestSupport
import Testing
import Timekeeping

extension PostgreSQLSession {
    /// Asks `sql` until its one value is `expected`, for ten minutes at most: a machine that is
    /// busy may take its time.
    func waitUntil(_ sql: String, is expected: String) async throws {
        let timeline = RealTimeline()
        for _ in 0..<60_000 {
            if try query(sql) == [[expected]] { return }
            try await timeline.sleep(until: timeline.now + .milliseconds(10))
        }
        try #require(query(sql) == [[expected]])
    }
}
