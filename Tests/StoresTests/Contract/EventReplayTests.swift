import Broker
import Commerce
import Datasets
import Foundation
import Logging
import Operations
import Pipeline
import SQLStores
import SQLiteStores
import Stages
import Storage
import TestSupport
import Testing
import Timekeeping

/// Replays of events that simulated runs have stored.
///
/// They try 4 seeds, or so many as WEIR_REPLAY_SEEDS says. One at a time, since each
/// of them has several databases of a server that lends only some.
@Suite(.serialized, .timeLimit(.minutes(60)))
struct EventReplayTests {
    private static let seeds = UInt64(
        ProcessInfo.processInfo.environment["WEIR_REPLAY_SEEDS"].flatMap(Int.init) ?? 4
    )

    @Test(arguments: PipelineAdapter.all)
    func `a new warehouse gets what the rehearsal said, to the row and the cent, and only once`(
        adapter: PipelineAdapter
    ) async throws {
        let outcomes = Locked<[String: Int64]>([:])
        for seed in 1...Self.seeds {
            try await withEvents(adapter, seed) { place in
                // First purchases alone, then everything: what the filter left out comes late.
                for (name, filter) in [("some", "attributes.type = \"purchase\""), ("all", nil)] {
                    let before = try await place.state()
                    let filter = try filter.map { try AttributeFilter(parsing: $0) }
                    let said = try await place.replay(filter: filter).rehearse()
                    #expect(try await place.state() == before, "seed \(seed): it was only said")
                    let done = try await place.execute(name, filter: filter)
                    let after = try await place.state()
                    #expect(done.groups == said.groups, "seed \(seed)")
                    #expect(done.changes == said.changes, "seed \(seed)")
                    #expect(done.filtered == said.filtered, "seed \(seed)")
                    #expect(
                        after.windows.gain(since: before.windows) == WindowSums(said.changes),
                        "seed \(seed)"
                    )
                    func count(_ outcome: String) -> Int64 {
                        said.groups.filter { $0.outcome == outcome }.reduce(0) { $0 + $1.count }
                    }
                    #expect(after.late - before.late == count("late"), "seed \(seed)")
                    #expect(said.count + Int64(said.filtered) == after.raw, "seed \(seed)")
                    #expect(after.outcomes[name]?.values.reduce(0, +) == said.count)
                    outcomes.change { outcomes in
                        for group in said.groups {
                            outcomes[group.outcome, default: 0] += group.count
                        }
                        outcomes["filtered", default: 0] += Int64(said.filtered)
                    }

                    let again = try await place.execute("\(name) again", filter: filter)
                    #expect(again.changes.isEmpty, "seed \(seed)")
                    #expect(again.count == said.count, "seed \(seed)")
                    #expect(try await place.state().windows == after.windows, "seed \(seed)")
                }
                // All that is sound is counted, once.
                let total = try await place.state().windows
                let first = try await place.first.state().windows
                #expect(total.all == first.all, "seed \(seed)")
                try await place.checkInvariants(seed)
            }
        }
        for outcome in ["counted", "late", "already-there", "filtered"] {
            #expect(outcomes.value[outcome] ?? 0 > 0, "no event was \(outcome)")
        }
    }

    @Test(arguments: PipelineAdapter.all)
    func `where everything is counted, a replay changes nothing`(
        adapter: PipelineAdapter
    ) async throws {
        for seed in 1...Self.seeds {
            try await withEvents(adapter, seed) { place in
                let before = try await place.first.state()
                let place = place.onFirst
                let said = try await place.replay().rehearse()
                let done = try await place.execute("again")
                #expect(done.groups == said.groups)
                #expect(done.changes.isEmpty && said.changes.isEmpty, "seed \(seed)")
                #expect(Set(done.groups.map(\.outcome)) == ["already-there"], "seed \(seed)")
                #expect(try await place.first.state() == before, "seed \(seed)")
                try await place.first.checkInvariants(seed)
            }
        }
    }

    @Test(arguments: PipelineAdapter.all)
    func `what breaks the rules fails, in the rehearsal as in the replay`(
        adapter: PipelineAdapter
    ) async throws {
        let failed = Locked<Int64>(0)
        for seed in 1...Self.seeds {
            try await withEvents(adapter, seed) { place in
                let said = try await place.replay(isMended: false).rehearse()
                let done = try await place.execute("strict", isMended: false)
                #expect(done.groups == said.groups && done.changes == said.changes)
                let after = try await place.state()
                #expect(after.windows == WindowSums(said.changes), "seed \(seed)")
                let count = said.groups.filter { $0.outcome == "failed" }.map(\.count)
                failed.change { $0 += count.reduce(0, +) }
            }
        }
        #expect(failed.value > 0)
    }

    @Test(arguments: PipelineAdapter.all)
    func `a replay that is cut off anywhere is resumed to the same end`(
        adapter: PipelineAdapter
    ) async throws {
        for seed in 1...max(2, Self.seeds / 4) {
            let whole = Locked<EventState?>(nil)
            try await withEvents(adapter, seed) { place in
                _ = try await place.execute("whole", pageSize: 20)
                let state = try await place.state()
                whole.change { $0 = state }
            }
            for cut in 0..<6 as Range<Int> {
                try await withEvents(adapter, seed) { place in
                    let death = Death(after: Int(seed % 7) + cut * 9, isAfterwards: cut % 2 == 0)
                    _ = try? await place.execute("whole", pageSize: 20, behind: death)
                    let known = try await place.other.warehouse.replays().map(\.name)
                    // The second time in pages of another size.
                    _ = try await place.execute("whole", isResumed: known.contains("whole"))
                    let state = try await place.state()
                    #expect(state == whole.value, "seed \(seed), cut \(cut)")
                    try await place.checkInvariants(seed)
                }
            }
        }
    }

    @Test(arguments: PipelineAdapter.all)
    func `another raw store gets every event, to the byte, at its position`(
        adapter: PipelineAdapter
    ) async throws {
        for seed in 1...max(2, Self.seeds / 4) {
            try await withEvents(adapter, seed) { place in
                // A server lends one database.
                try await PipelineAdapter.sqlite.visit { new in
                    let said = try await place.replay(into: new.raw).rehearse()
                    let done = try await place.execute("copy", into: new.raw)
                    #expect(said.groups == done.groups)
                    #expect(done.groups.map(\.outcome) == ["stored"], "\(done.groups)")
                    let old = try #require(place.first.raw.reading)
                    let copy = try #require(new.raw.reading)
                    let symbols = SymbolTable()
                    let range = EventRange()
                    let before = try await old.wholeEvents(in: range, atMost: 10_000, symbols)
                    let after = try await copy.wholeEvents(in: range, atMost: 10_000, symbols)
                    #expect(!before.isEmpty && before.count == after.count)
                    for (left, right) in zip(before, after) {
                        #expect(left.position == right.position && left.id == right.id)
                        #expect(left.source == right.source)
                        #expect(left.content?.event == right.content?.event)
                        #expect(left.content?.items == right.content?.items)
                        #expect(left.content?.document == right.content?.document)
                    }
                    let again = try await place.execute("copy again", into: new.raw)
                    #expect(again.groups.map(\.outcome) == ["already-there"])
                }
            }
        }
    }

    @Test(arguments: PipelineAdapter.all)
    func `keys and times name the events, and what is not named is not replayed`(
        adapter: PipelineAdapter
    ) async throws {
        try await withEvents(adapter, 1) { place in
            let reading = try #require(place.first.raw.reading)
            let symbols = SymbolTable()
            let all = try await reading.wholeEvents(in: EventRange(), atMost: 10_000, symbols)
            let events = all.compactMap(\.content?.event)
            let middle = try #require(events.map(\.time).sorted().dropFirst(events.count / 2).first)
            func count(_ terms: [String]) async throws -> Int64 {
                let report = try await place.replay(terms).rehearse()
                return report.count
            }
            let early = events.count { $0.time < middle }
            #expect(early > 0 && early < events.count)
            #expect(try await count(["until=\(middle)"]) == Int64(early))
            #expect(try await count(["since=\(middle)"]) == Int64(events.count - early))
            let user = try #require(events.first { $0.user.isPresent }?.user)
            let name = symbols.text(of: user, in: .user)
            let own = events.count { $0.user == user }
            #expect(try await count(["user=\(name)"]) == Int64(own))
            let earlyOwn = events.count { $0.user == user && $0.time < middle }
            #expect(try await count(["user=\(name)", "until=\(middle)"]) == Int64(earlyOwn))
            #expect(try await count(["order=none-such"]) == 0)
            for terms in [
                ["since=yesterday"], ["colour=red"], ["since=\(middle)", "until=\(middle)"],
            ] {
                #expect(throws: EventQueryError.self) { try EventSelector(terms) }
            }
        }
    }

    /// Lets `body` use the stores of the run that `seed` names, of which all letters are replayed,
    /// and a warehouse in which there is nothing.
    private func withEvents(
        _ adapter: PipelineAdapter,
        _ seed: UInt64,
        _ body: @escaping @Sendable (EventPlace) async throws -> Void
    ) async throws {
        try await adapter.visit { home in
            let first = ReplayPlace(home: home)
            try await first.run(seed)
            _ = try await first.replay().execute(first.record)
            try await adapter.catalogue.visit { other in
                let place = EventPlace(first: first, other: other)
                try await body(place)
                for opened in place.opened.value { try await opened.close() }
            }
            for opened in first.opened.value { try await opened.close() }
        }
    }
}

/// What a new warehouse holds, and the raw store beside it.
private struct EventState: Equatable {
    var raw: Int64
    var late: Int64
    var windows: WindowSums
    var outcomes: [String: [ReplayedLetter.Outcome: Int64]]
}

/// Stored events, and a warehouse that is to get them.
private struct EventPlace {
    let first: ReplayPlace
    var other: CatalogueHome
    let opened = Locked<[any SQLWarehouse]>([])

    /// With the warehouse of the run.
    var onFirst: EventPlace {
        EventPlace(first: first, other: first.home.catalogue)
    }

    func replay(
        _ terms: [String] = [],
        isMended: Bool = true,
        filter: AttributeFilter? = nil,
        into raw: (any RawStore)? = nil,
        behind death: Death? = nil,
        pageSize: Int = 1000
    ) async throws -> EventReplay {
        let document = try ReplayPlace.pipeline(isMended: isMended)
        let own = try await other.reopen()
        opened.change { $0.append(own) }
        let map = try await own.journeyMap()
        guard
            case .analytics(let plan) = document.stages.first(where: { $0.name == "analytics" })?
                .kind
        else { throw StoreError(.refused, "no analytics") }
        let layers: [any StoreLayer] = death.map { [$0] } ?? []
        let kind: ReplayStage.Kind =
            raw.map { .ingest(LayeredRawStore($0, layers), nil) }
            ?? .analytics(plan.options, map.derivative(of: "analytics"))
        return try await EventReplay(
            try EventSelector(terms),
            through: try await first.raw.nextPosition() - 1,
            of: first.raw,
            in: LayeredWarehouse(own, layers),
            called: "w",
            to: ReplayStage(
                subscription: raw == nil ? "analytics" : "ingest",
                kind: kind,
                isOrdered: false
            ),
            filter: filter,
            by: document.validation.rules,
            timeline: first.timeline,
            pageSize: pageSize
        )
    }

    func execute(
        _ name: String,
        isMended: Bool = true,
        filter: AttributeFilter? = nil,
        into raw: (any RawStore)? = nil,
        pageSize: Int = 1000,
        isResumed: Bool = false,
        behind death: Death? = nil
    ) async throws -> ReplayReport {
        if try await other.warehouse.journeyMap().owners.isEmpty {
            try await PipelineRun(
                document: try ReplayPlace.pipeline(isMended: isMended),
                options: RunOptions(),
                stores: RunStores(
                    raw: [.init(name: "raw", label: "r", store: first.raw)],
                    warehouses: [.init(name: "warehouse", label: "w", store: other.warehouse)]
                ),
                timeline: first.timeline,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            ).claimStores(hasRoots: true)
        }
        var record = first.record
        record.name = name
        record.target = raw == nil ? "analytics" : "ingest"
        record.events = .init(through: try await first.raw.nextPosition() - 1)
        return try await replay(
            isMended: isMended,
            filter: filter,
            into: raw,
            behind: death,
            pageSize: pageSize
        ).execute(record, isResumed: isResumed)
    }

    func state() async throws -> EventState {
        let warehouse = other.warehouse
        var outcomes: [String: [ReplayedLetter.Outcome: Int64]] = [:]
        for replay in try await warehouse.replays() {
            #expect(replay.events != nil)
            outcomes[replay.name] = try await warehouse.outcomes(ofReplay: replay.name)
            let runs = try await warehouse.replayedEvents(ofReplay: replay.name)
            for (run, next) in zip(runs, runs.dropFirst()) {
                #expect(run.positions.upperBound < next.positions.lowerBound)
            }
        }
        return EventState(
            raw: try await first.raw.count(),
            late: try await warehouse.exceptions().late,
            windows: try await WindowSums(warehouse),
            outcomes: outcomes
        )
    }

    func checkInvariants(_ seed: UInt64) async throws {
        let warehouse = other.warehouse
        let census = try await RawCensus.take(
            of: [first.raw],
            in: warehouse,
            at: CatalogueSample.judged
        )
        let offences = try await warehouse.offences(ShippedInvariants.all)
        // The numbers of what was given up are missing: a new warehouse has no letters.
        #expect(offences.filter { !$0.hasPrefix("raw-sequence ") } == [], "seed \(seed)")
        #expect(census.unstored == 0, "seed \(seed)")
    }
}
