import Foundation
import Testing

/// What needs a MongoDB and a PostgreSQL server: one test after the other, so that a server that is
/// slow is so because the test has made it so.
@Suite(.enabled(if: Servers.given != nil, Servers.skipped), .serialized)
enum OnServers {
    /// How often a test kills, where `WEIR_TEST_KILLS` says it.
    static let kills = ProcessInfo.processInfo.environment["WEIR_TEST_KILLS"].flatMap { Int($0) }
}
