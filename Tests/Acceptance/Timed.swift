import Testing

/// What measures time, or ends the program at a moment of its own: one test after the other, so
/// that they do not slow each other down.
@Suite(.serialized) enum Timed {
    /// Runs a measurement up to eight times, until it tells of nothing that other work of the
    /// machine could have disturbed.
    static func untilUndisturbed(_ measure: () async throws -> [String]) async throws {
        var disturbances: [String] = []
        for _ in 0..<8 {
            disturbances = try await measure()
            if disturbances.isEmpty { return }
        }
        Issue.record("disturbed each time; at last: \(disturbances.joined(separator: ", "))")
    }

    /// Those of `statements` that do not hold.
    static func untrue(_ statements: [(text: String, holds: Bool)]) -> [String] {
        statements.filter { !$0.holds }.map(\.text)
    }
}
