package import Storage
internal import Timekeeping

/// Discards the letters that a selector names: first it says how many, then it does it.
///
/// A letter that fails after it was counted stays open. What is discarded is kept, with who has
/// decided it and why; only it is no longer among the open ones. A process that is killed has
/// discarded whole pages, and the same command does the rest.
package struct LetterDiscard: Sendable {
    private let selector: LetterSelector
    private let judge: LetterJudge
    /// How many letters it names.
    package let count: Int
    /// How many of each subscription and cause, as people read it.
    package let groups: [String]
    /// What else there is to know, where there is something.
    package let remark: String?
    /// When the last of them failed.
    private let until: Timestamp?

    /// Counts what `selector` names in `store`.
    package init(
        _ selector: LetterSelector,
        in store: any DeadLetterStore,
        by judge: LetterJudge
    ) async throws {
        self.selector = selector
        self.judge = judge
        var count = 0
        var until: Timestamp?
        var groups: [[String]: Int] = [:]
        let unread = try await selector.forEachPage(in: store, judge) { page in
            count += page.count
            for letter in page {
                groups[[letter.name.subscription, letter.reason], default: 0] += 1
            }
            until = (page.map(\.lastFailure) + [until].compactMap(\.self)).max()
        }
        (self.count, self.until) = (count, until)
        remark = LetterSelector.remark(unread: unread)
        self.groups = groups.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { "\($0.value) of \($0.key[0]): \($0.key[1])" }
    }

    /// Discards them.
    ///
    /// - Returns: How many were still open.
    package func execute(
        in store: any DeadLetterStore,
        _ decision: LetterDecision
    ) async throws -> Int {
        guard let until else { return 0 }
        var discarded = 0
        try await selector.forEachPage(in: store, until: until, judge) { page in
            discarded += try await store.discardLetters(page.map(\.name), decision)
        }
        return discarded
    }
}
