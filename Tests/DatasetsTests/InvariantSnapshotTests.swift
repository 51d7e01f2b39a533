import Datasets
import Testing
import Timekeeping

/// What a snapshot remembers from refresh to refresh.
struct InvariantSnapshotTests {
    private static func found(_ subjects: String...) -> InvariantFinding {
        InvariantFinding(
            "rule",
            .found(count: Int64(subjects.count), subjects.map { .init($0, "bad") }),
            took: .seconds(1)
        )
    }

    private static let failed = InvariantFinding("rule", .failed("too slow"), took: .seconds(30))

    private static func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }

    /// The snapshot after looks that found `findings`, one each second from 1.
    private static func snapshot(_ findings: [InvariantFinding]) -> InvariantSnapshot {
        findings.enumerated().reduce(InvariantSnapshot()) { snapshot, next in
            snapshot.replaced(
                by: [next.element],
                of: InvariantSet(),
                at: at(Int64(next.offset + 1))
            )
        }
    }

    @Test func `an anomaly keeps when it was first seen, and gets when it was gone`() {
        let snapshot = Self.snapshot([Self.found("a", "b"), Self.found("b", "c")])
        let told = snapshot.anomalies.map { "\($0.subject) \($0.firstSeen) \($0.lastSeen)" }
        #expect(
            told == [
                "a \(Self.at(1)) \(Self.at(1))", "b \(Self.at(1)) \(Self.at(2))",
                "c \(Self.at(2)) \(Self.at(2))",
            ]
        )
        #expect(snapshot.anomalies.map(\.gone) == [Self.at(2), nil, nil])
        #expect(snapshot.standings.map(\.count) == [2])
    }

    @Test func `one that comes back is a new one`() {
        let snapshot = Self.snapshot([Self.found("a"), Self.found(), Self.found("a")])
        #expect(snapshot.anomalies.map(\.firstSeen) == [Self.at(1), Self.at(3)])
        #expect(snapshot.anomalies.map(\.gone) == [Self.at(2), nil])
    }

    @Test func `a look that fails keeps everything and says so`() {
        let before = Self.snapshot([Self.found("a")])
        let after = Self.snapshot([Self.found("a"), Self.failed, Self.failed])
        #expect(after.anomalies == before.anomalies)
        #expect(after.standings.map(\.count) == [1])
        #expect(after.standings.map(\.failures) == [2])
        #expect(after.standings.map(\.failure) == ["too slow"])
        #expect(after.asOf == Self.at(1))
        let mended = Self.snapshot([Self.found("a"), Self.failed, Self.found("a")])
        #expect(mended.standings.map(\.failures) == [0])
        #expect(mended.standings.map(\.failure) == [nil])
        #expect(mended.asOf == Self.at(3))
    }

    @Test func `what was never checked with success has no time`() {
        #expect(Self.snapshot([Self.failed]).asOf == nil)
        #expect(Self.snapshot([]).asOf == nil)
    }

    @Test func `an invariant that is no more is forgotten, one whose file is bad is kept`() {
        let before = Self.snapshot([Self.found("a")])
        let without = before.replaced(by: [], of: InvariantSet(), at: Self.at(2))
        #expect(without.standings.isEmpty)
        #expect(without.anomalies.isEmpty)
        var bad = InvariantSet()
        bad.refused = [("rule", "rule.sql:1:1: …")]
        let kept = before.replaced(by: [], of: bad, at: Self.at(2))
        #expect(kept.anomalies == before.anomalies)
        #expect(kept.standings.map(\.failure) == ["rule.sql:1:1: …"])
    }

    @Test func `what is gone is forgotten after a while`() {
        let gone = Self.snapshot([Self.found("a"), Self.found()])
        let end = Self.at(2) + InvariantSnapshot.memory
        let later = gone.replaced(by: [Self.found()], of: InvariantSet(), at: end - .seconds(1))
        #expect(later.anomalies.count == 1)
        let after = gone.replaced(by: [Self.found()], of: InvariantSet(), at: end)
        #expect(after.anomalies.isEmpty)
    }
}
