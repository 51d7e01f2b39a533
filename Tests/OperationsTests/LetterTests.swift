import Commerce
import Operations
import Reports
import Storage
import TestSupport
import Testing
import Timekeeping

/// Dead letters as people see them.
struct LetterTests {
    private static let now = Shop.epoch + .seconds(60)
    private static let judge = LetterJudge(.standard, at: now)

    /// Letters in memory.
    private final class Letters: DeadLetterStore {
        let kept: [KeptLetter]
        let discarded = Locked<[LetterName]>([])

        init(_ kept: [KeptLetter]) { self.kept = kept }

        func letterGroups(parts: Int) -> [LetterGroup] {
            ["ingest", "analytics"].compactMap { subscription in
                let own = kept.filter { $0.name.subscription == subscription }
                guard let first = own.first else { return nil }
                return LetterGroup(
                    subscription: subscription,
                    reason: first.reason,
                    count: Int64(own.count),
                    firstFailure: first.firstFailure,
                    lastFailure: first.lastFailure,
                    trend: [1, 0, 7, 14],
                    part: .seconds(5)
                )
            }
        }

        func latestLetters(
            of subscription: String,
            reason: String,
            atMost limit: Int
        )
            -> [KeptLetter]
        {
            Array(kept.filter { $0.name.subscription == subscription }.prefix(limit))
        }

        func letters(
            _ filter: LetterFilter,
            after name: LetterName?,
            atMost limit: Int
        )
            -> [KeptLetter]
        {
            let own = kept.filter { filter.id == nil || $0.name.id == filter.id }
            let start = name.flatMap { name in own.firstIndex { $0.name == name } }.map { $0 + 1 }
            return Array(own[(start ?? 0)...].prefix(2))
        }

        func beginReplay(_ replay: LetterReplay) {}

        func noteReplayed(_ letters: [ReplayedLetter]) {}

        func noteReplayed(_ events: [ReplayedEvents]) {}

        func replayedEvents(ofReplay name: String) -> [ReplayedEvents] { [] }

        func replayedEvents(
            at position: Int64
        ) -> [(subscription: String, events: ReplayedEvents)] { [] }

        func endReplay(named name: String, at now: Timestamp) {}

        func replays() -> [LetterReplay] { [] }

        func keepSuccessor(_ successor: KeptLetter, _ edit: LetterEdit) {}

        func outcomes(ofReplay name: String) -> [ReplayedLetter.Outcome: Int64] { [:] }

        func discardLetters(_ names: [LetterName], _ decision: LetterDecision) -> Int {
            discarded.change { $0 += names }
            return names.count
        }
    }

    private static func event(_ data: String, time: String = "2023-11-14T22:13:20Z") -> String {
        #"{"specversion":"1.0","id":"e1","source":"shop","type":"purchase","time":"\#(time)","#
            + #""data":\#(data)}"#
    }

    private static let sound = event(
        #"{"transaction_id":"o-93","user_id":"u1","currency":"USD","#
            + #""items":[{"item_id":"p1","price":12.5,"quantity":1}]}"#
    )

    private static func letter(
        _ id: String,
        _ document: String,
        subscription: String = "ingest",
        reason: String = "transaction-id-missing",
        detail: String = "a purchase or refund needs data.transaction_id"
    ) -> KeptLetter {
        KeptLetter(
            name: LetterName(subscription: subscription, source: "shop", id: id, position: 7),
            reason: reason,
            detail: detail,
            attempts: 1,
            firstFailure: Shop.epoch,
            lastFailure: Shop.epoch + .seconds(5),
            document: Array(document.utf8),
            decision: nil
        )
    }

    @Test func `the rules say what would become of a letter now`() {
        func verdict(_ document: String) -> LetterJudge.Verdict {
            Self.judge.judge(Self.letter("e1", document)).verdict
        }
        #expect(verdict(Self.sound) == .passes)
        #expect(
            verdict(Self.event(#"{"currency":"USD","value":1}"#))
                == .fails(
                    label: "transaction-id-missing",
                    detail: "a purchase or refund needs data.transaction_id"
                )
        )
        #expect(
            verdict(Self.event("{}", time: "2024-11-14T22:13:20Z"))
                == .fails(
                    label: "time-in-future",
                    detail: "time lies further ahead of the clock than the pipeline accepts"
                )
        )
        #expect(verdict("19990101 12 4 17.50") == .unknown)
        #expect(verdict("") == .unknown)
        guard case .fails(let label, _) = verdict("{\"a\":") else {
            Issue.record("half an object passed")
            return
        }
        #expect(label == "unknown-field")
    }

    @Test func `a listing has the share that would pass, and unknown where it cannot be told`()
        async throws
    {
        let store = Letters([
            Self.letter("a", Self.sound), Self.letter("b", Self.event("{}")),
            Self.letter("c", "row 17", subscription: "analytics", reason: "store-busy"),
        ])
        let listing = try await DeadLetterListing(
            store,
            in: "sqlite:w.sqlite",
            by: Self.judge,
            sample: 10
        )
        #expect(
            listing.text(colour: false) == """
                Dead letters of sqlite:w.sqlite
                3 open in 2 groups


                Groups
                  the largest group first; trend: when they failed last, 5s a bar
                  subscription  cause                   letters  would pass now  trend  last \
                failure          first failure
                  ────────────  ──────────────────────  ───────  ──────────────  ─────  \
                ────────────────────  ────────────────────
                  ingest        transaction-id-missing        2  1 of 2          ▁·▄█   \
                2023-11-14T22:13:25Z  2023-11-14T22:13:20Z
                  analytics     store-busy                    1  unknown         ▁·▄█   \
                2023-11-14T22:13:25Z  2023-11-14T22:13:20Z

                  the latest of each said
                    ingest, transaction-id-missing: a purchase or refund needs
                      data.transaction_id
                    analytics, store-busy: a purchase or refund needs data.transaction_id

                """
        )
        let sampled = try await DeadLetterListing(store, in: "w", by: Self.judge, sample: 1)
        #expect(sampled.text(colour: false).contains("1 of the latest 1"))
        for written in [listing.document.markdown(), sampled.document.markdown()] {
            #expect(!written.contains("|  |") && !written.contains("### \n"), "\(written)")
        }
        let none = try await DeadLetterListing(Letters([]), in: "w", by: Self.judge, sample: 1)
        #expect(none.text(colour: false).contains("✓ no dead letter is open"))
    }

    @Test func `a letter is shown whole, and whatever is in it steers nothing`() async throws {
        let nasty = "\u{1b}[31m<script>alert(1)</script>\u{202e}"
        var binary = Self.letter("b", "")
        binary.document = [0x7b, 0xff, 0x00]
        binary.decision = LetterDecision(time: Self.now, who: nasty, why: nasty)
        let store = Letters([
            Self.letter(nasty, #"{"x":"\#(nasty)"}"#, reason: nasty, detail: nasty), binary,
        ])
        let report = try await LetterReport(
            try LetterSelector(["subscription=\(nasty)"]),
            in: store,
            called: "sqlite:w",
            by: Self.judge,
            limit: 5
        )
        #expect(report.letters.count == 2)
        #expect(report.letters[1].document == nil)
        #expect(report.letters[1].documentHex == "7bff00")
        let text = report.text(colour: true)
        #expect(text.contains("3 bytes, which are no text, in hexadecimal"))
        for form in [
            text, try report.json(), report.document.markdown(), report.document.html(),
        ] {
            #expect(!form.contains("\u{1b}[31m<"))
            #expect(!form.contains("\u{202e}"))
        }
        #expect(!report.document.html().contains("<script>alert"))
    }

    @Test func `a selector finds letters by the keys of their events, and discards only those`()
        async throws
    {
        let store = Letters([
            Self.letter("a", Self.event("{}")), Self.letter("b", Self.sound),
            Self.letter("c", "row 17"), Self.letter("d", Self.sound),
        ])
        let selector = try LetterSelector(["order=o-93", "user=u1", "product=p1"])
        let discard = try await LetterDiscard(selector, in: store, by: Self.judge)
        #expect(discard.count == 2)
        #expect(store.discarded.value.isEmpty)
        let decision = LetterDecision(time: Self.now, who: "me", why: "so")
        #expect(try await discard.execute(in: store, decision) == 2)
        #expect(store.discarded.value.map(\.id) == ["b", "d"])
        let report = try await LetterReport(
            selector,
            in: store,
            called: "w",
            by: Self.judge,
            limit: 1
        )
        #expect(report.letters.map(\.id) == ["b"])
        #expect(report.more == 1)
        let nobody = try await LetterDiscard(
            try LetterSelector(["user=nobody"]),
            in: store,
            by: Self.judge
        )
        #expect(nobody.count == 0)
        #expect(try await nobody.execute(in: store, decision) == 0)
    }

    @Test(
        arguments: [
            (["reason=a", "reason=b"], "reason is given twice, as a and as b"),
            (["e1", "id=e2"], "id is given twice, as e1 and as e2"),
            (["subscription="], "subscription= names no letter"),
            ([""], "id= names no letter"),
        ]
    )
    func `a selector that can name nothing is told so`(terms: [String], said: String) {
        let error = #expect(throws: EventQueryError.self) { try LetterSelector(terms) }
        #expect(error?.description.contains(said) == true, "\(String(describing: error))")
    }

    @Test func `a wrong selector is told with the name that was meant`() throws {
        let error = #expect(throws: EventQueryError.self) {
            try LetterSelector(["reson=x", "trace=1", "subscription=ingest"])
        }
        #expect(error?.mistakes.count == 2)
        #expect(error?.mistakes.first?.hasSuffix("did you mean \"reason\"?") == true)
        let id = try LetterSelector(["e-17"])
        #expect(id.filter.id == "e-17")
        #expect(try LetterSelector([]).isEmpty)
    }
}
