import TestSupport
import Testing
import Timekeeping

extension PostgreSQLSession {
    /// Asks `sql` until its one value is `expected`, for 20 s at most.
    func waitUntil(_ sql: String, is expected: String) async throws {
        let timeline = RealTimeline()
        for _ in 0..<2000 where try query(sql) != [[expected]] {
            try await timeline.sleep(until: timeline.now + .milliseconds(10))
        }
        try #require(query(sql) == [[expected]])
    }
}
