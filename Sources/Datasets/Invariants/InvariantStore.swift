package import Timekeeping

/// A database that invariants are held against, and that keeps what was found.
///
/// - Guarantees: a query only reads, sees one state of the database, and ends within the timeout.
///   A snapshot is replaced whole or not at all.
/// - Non-guarantees: that two invariants see the same state.
/// - Failure and recovery: a query that fails is a failed finding, and the others go on; a database
///   that cannot be reached is an error, and leaves the last snapshot.
package protocol InvariantStore: Sendable {
    /// Whose SQL it speaks.
    var dialect: SQLDialect { get }

    /// Looks at each of `invariants`, and keeps nothing.
    func evaluate(
        _ invariants: [Invariant],
        timeout: Duration,
        timeline: any Timeline
    ) async throws -> [InvariantFinding]

    /// Looks at each invariant of `set` that is for this database, and replaces the snapshot.
    ///
    /// - Returns: The snapshot before, and the one after.
    /// - Throws: ``RefreshUnderWay`` where another refresh has not ended yet.
    func refresh(
        _ set: InvariantSet,
        timeout: Duration,
        timeline: any Timeline
    ) async throws -> (before: InvariantSnapshot, after: InvariantSnapshot)

    /// How each invariant stood at the last refresh: the snapshot without its anomalies, which
    /// costs little however many these are.
    func standings() async throws -> [InvariantSnapshot.Standing]

    /// When the census of the raw events was taken that invariants look at; nil for none.
    func censusTime() async throws -> Timestamp?

    /// What the last refresh found.
    func snapshot() async throws -> InvariantSnapshot
}

extension InvariantStore {
    /// `set` without the invariants of which a refresh could find nothing for want of a census.
    ///
    /// They are to be told beside the snapshot: in it they were neither anomalies nor none.
    package func judgeable(_ set: InvariantSet) async throws -> InvariantSet {
        guard try await censusTime() == nil else { return set }
        var set = set
        set.invariants.removeAll(where: \.needsCensus)
        return set
    }
}

/// There are never two refreshes at once.
package struct RefreshUnderWay: Error, CustomStringConvertible {
    package let description =
        "another refresh of the invariants is under way; wait for its end, or read its snapshot"

    package init() {}
}
