import Broker
import Commerce
import Storage
import TestSupport
import Testing
import Timekeeping

/// What ``DeadLetterStore`` promises, held against every warehouse that keeps letters.
struct DeadLetterContract {
    static let adapters = [StoreAdapter.sqlite] + StoreAdapter.postgreSQL

    @Test(arguments: adapters, 1...8 as ClosedRange<UInt64>)
    func `letters are listed, paged, discarded, edited and replayed as the books have them`(
        adapter: StoreAdapter,
        seed: UInt64
    ) async throws {
        try await adapter.visit { home in
            var random = Randomness(seed: seed)
            var books = LetterBooks(&random)
            var warehouse = try await home.warehouse()
            for _ in 0..<10 {
                try await books.fail(in: warehouse, &random)
                try await books.discard(in: try #require(warehouse.letters), &random)
                try await books.edit(in: try #require(warehouse.letters), &random)
                try await books.replay(in: try #require(warehouse.letters), &random)
                if random.below(4) == 0 {
                    try await warehouse.close()
                    warehouse = try await home.warehouse()
                }
                try await books.check(try #require(warehouse.letters), &random)
            }
            try await warehouse.close()
        }
    }

    @Test(arguments: adapters)
    func `a warehouse without letters has no groups`(adapter: StoreAdapter) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            let letters = try #require(warehouse.letters)
            #expect(try await letters.letterGroups(parts: 12).isEmpty)
            #expect(try await letters.letters(LetterFilter(), after: nil, atMost: 5).isEmpty)
            let name = LetterName(subscription: "s", source: "a", id: "b", position: 1)
            let decision = LetterDecision(time: Shop.epoch, who: "me", why: "so")
            #expect(try await letters.discardLetters([name], decision) == 0)
            try await warehouse.close()
        }
    }
}

extension DeadLetterContract {
    /// Two letters of analytics, which a replay has begun to take up.
    private func withReplay(
        _ adapter: StoreAdapter,
        _ body: (any Warehouse, any DeadLetterStore, [KeptLetter], LetterReplay) async throws ->
            Void
    ) async throws {
        try await adapter.visit { home in
            let warehouse = try await home.warehouse()
            let store = try #require(warehouse.letters)
            let shop = Shop()
            try await warehouse.storeDeadLetters(
                shop.deadLetters(
                    of: shop.views(2),
                    at: 1,
                    of: "analytics",
                    reason: "store-busy",
                    detail: "it was",
                    time: Shop.epoch
                )
            )
            let replay = LetterReplay(
                name: "Zoë's; --",
                selector: ["reason=store-busy", "user=a b"],
                began: Shop.epoch + .seconds(60),
                who: "me",
                why: "it is free now"
            )
            try await store.beginReplay(replay)
            let letters = try await store.letters(LetterFilter(), after: nil, atMost: 9)
            try #require(letters.count == 2)
            try await body(warehouse, store, letters, replay)
            try await warehouse.close()
        }
    }

    @Test(arguments: adapters)
    func `a replay is kept until its letters have an outcome`(adapter: StoreAdapter) async throws {
        try await withReplay(adapter) { _, store, letters, replay in
            #expect(try await store.replays() == [replay])
            let again = await #expect(throws: StoreError.self) {
                try await store.beginReplay(replay)
            }
            #expect(again?.code == .refused)
            let time = Shop.epoch + .seconds(70)
            try await store.noteReplayed([
                ReplayedLetter(
                    name: letters[0].name,
                    outcome: .stored,
                    time: time,
                    replay: replay
                ),
                ReplayedLetter(
                    name: letters[1].name,
                    outcome: .failed,
                    reason: FailureReason(label: "items-missing", detail: "it has none"),
                    time: time,
                    replay: replay
                ),
            ])
            let all = try await store.letters(LetterFilter(isOpen: false), after: nil, atMost: 9)
            #expect(all.map(\.outcome) == [.stored, .failed])
            #expect(all.map(\.replay) == [replay.name, replay.name])
            #expect(all.map(\.attempts) == letters.map { $0.attempts + 1 })
            #expect(
                all[0].decision == LetterDecision(time: time, who: "me", why: "it is free now")
            )
            #expect(all[1].decision == nil)
            #expect(all[1].reason == "items-missing" && all[1].detail == "it has none")
            #expect(all[1].lastFailure == time)
            try await store.endReplay(named: replay.name, at: time)
            #expect(try await store.replays().map(\.ended) == [time])
            #expect(
                try await store.outcomes(ofReplay: replay.name) == [.stored: 1, .failed: 1]
            )
            #expect(try await store.outcomes(ofReplay: "another").isEmpty)
        }
    }

    @Test(arguments: adapters)
    func `a commit closes the letters that it counts, or counts nothing`(
        adapter: StoreAdapter
    )
        async throws
    {
        try await withReplay(adapter) { warehouse, store, letters, replay in
            func replayed(_ letter: KeptLetter) -> ReplayedLetter {
                ReplayedLetter(
                    name: letter.name,
                    outcome: .counted,
                    time: Shop.epoch + .seconds(70),
                    replay: replay
                )
            }
            _ = try await warehouse.progress(of: "analytics")
            var commit = WarehouseCommit("analytics")
            commit.add(.hour, Shop.epoch, .revenue(5))
            commit.replayed = [replayed(letters[0])]
            try await warehouse.commit(commit)
            #expect(try await store.letters(LetterFilter(), after: nil, atMost: 9).count == 1)

            // One of them is closed by now: so neither is the other, and nothing is counted.
            var second = WarehouseCommit("analytics")
            second.add(.hour, Shop.epoch, .revenue(7))
            second.replayed = [replayed(letters[1]), replayed(letters[0])]
            let refused = second
            let error = await #expect(throws: StoreError.self) {
                try await warehouse.commit(refused)
            }
            #expect(error?.code == .refused)
            #expect(try await store.letters(LetterFilter(), after: nil, atMost: 9).count == 1)
            let rows = try await warehouse.windows(.hour, categories: .total)
            #expect(rows.map(\.cell.revenue) == [5])
        }
    }
}

// MARK: - Edits

extension DeadLetterContract {
    private static func successor(_ letter: KeptLetter, _ id: String) -> (KeptLetter, LetterEdit) {
        var successor = letter
        successor.name.id = id
        successor.document = Array("{}".utf8)
        successor.reason = "edited"
        let edit = LetterEdit(
            original: letter.name.id,
            time: Shop.epoch + .seconds(65),
            who: "Zoë",
            why: "a \"typo\"; --"
        )
        successor.edit = edit
        return (successor, edit)
    }

    @Test(arguments: adapters)
    func `an original is closed with its successor, and not before`(
        adapter: StoreAdapter
    ) async throws {
        try await withReplay(adapter) { _, store, letters, replay in
            let (successor, edit) = Self.successor(letters[0], "new")
            try await store.keepSuccessor(successor, edit)
            let both = try await store.letters(LetterFilter(), after: nil, atMost: 9)
            #expect(both.count == 3)
            #expect(both.first { $0.name == letters[0].name }?.successor == "new")
            #expect(both.first { $0.name == successor.name } == successor)
            // Neither a second edit nor a replay of the original is possible now.
            let (second, again) = Self.successor(letters[0], "second")
            await #expect(throws: StoreError.self) { try await store.keepSuccessor(second, again) }
            func replayed(_ name: LetterName, _ outcome: ReplayedLetter.Outcome) -> ReplayedLetter {
                ReplayedLetter(
                    name: name,
                    outcome: outcome,
                    reason: outcome == .failed ? FailureReason(label: "x", detail: "y") : nil,
                    time: Shop.epoch + .seconds(70),
                    replay: replay
                )
            }
            await #expect(throws: StoreError.self) {
                try await store.noteReplayed([replayed(letters[0].name, .stored)])
            }
            try await store.noteReplayed([replayed(successor.name, .failed)])
            #expect(try await store.letters(LetterFilter(), after: nil, atMost: 9).count == 3)
            try await store.noteReplayed([replayed(successor.name, .stored)])
            let open = try await store.letters(LetterFilter(), after: nil, atMost: 9)
            #expect(open.map(\.name) == [letters[1].name])
            let closed = try await store.letters(
                LetterFilter(id: letters[0].name.id, isOpen: false),
                after: nil,
                atMost: 9
            )
            #expect(closed.map(\.outcome) == [.edited])
            #expect(closed.map(\.attempts) == [letters[0].attempts])
            #expect(closed.first?.decision?.who == "me")
        }
    }

    @Test(arguments: adapters)
    func `an original whose successor is discarded can be edited again`(
        adapter: StoreAdapter
    ) async throws {
        try await withReplay(adapter) { _, store, letters, _ in
            let (successor, edit) = Self.successor(letters[0], "new")
            try await store.keepSuccessor(successor, edit)
            let decision = LetterDecision(time: Shop.epoch, who: "me", why: "wrong")
            #expect(try await store.discardLetters([successor.name], decision) == 1)
            let open = try await store.letters(LetterFilter(), after: nil, atMost: 9)
            #expect(open == letters)
            // Also in the same way.
            try await store.keepSuccessor(successor, edit)
            #expect(try await store.letterGroups(parts: 3).map(\.count) == [1, 2])
            #expect(try await store.discardLetters([successor.name], decision) == 1)
            let (second, again) = Self.successor(letters[0], "second")
            try await store.keepSuccessor(second, again)
            #expect(try await store.letterGroups(parts: 3).map(\.count) == [1, 2])
        }
    }
}
