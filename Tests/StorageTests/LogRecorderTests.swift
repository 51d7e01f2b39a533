import Storage
import TestSupport
import Testing
import Timekeeping

/// How logs come to their store.
@Suite struct LogRecorderTests {
    /// Keeps records as a store does, and fails on demand.
    private final class Shelf: LogStore {
        struct State {
            var records: [LogRecord] = []
            var isAway = false
            var removed: Int64 = 0
        }

        let state = Locked(State())

        func lastSequence() async throws(StoreError) -> Int64 {
            try answer()
            return state.value.records.last?.sequence ?? 0
        }

        func append(_ records: [LogRecord]) async throws(StoreError) {
            try answer()
            state.change { $0.records += records }
        }

        func remove(before sequence: Int64) async throws(StoreError) {
            try answer()
            state.change { state in
                let before = state.records.count
                state.records.removeAll { $0.sequence < sequence }
                state.removed += Int64(before - state.records.count)
            }
        }

        func find(_ search: LogSearch) async throws(StoreError) -> FoundLogs {
            FoundLogs([], of: search)
        }

        private func answer() throws(StoreError) {
            if state.value.isAway { throw StoreError(.unavailable, "the shelf is away") }
        }

        var messages: [String] { state.value.records.map(\.message) }
    }

    private static let retention = Duration.seconds(100)

    private static func run(
        _ shelf: Shelf,
        _ body: @escaping @Sendable (LogRecorder, VirtualTimeline) async throws -> Void
    ) async throws -> LogRecorder.Loss? {
        let timeline = VirtualTimeline()
        return try await timeline.run {
            let recorder = LogRecorder()
            try await withCompanions(
                { try await recorder.run(into: shelf, retention: retention, timeline) },
                body: { try await body(recorder, timeline) }
            )
            return await recorder.finish(into: shelf)
        }
    }

    private static let none: [LogField] = []

    @Test func `records are in the order they were noted, whatever the clock says`() async throws {
        let shelf = Shelf()
        // An earlier run, whose clock was ahead by an hour.
        let ahead = VirtualTimeline().now + .seconds(3600)
        shelf.state.change {
            $0.records = [
                LogRecord(sequence: ahead.nanoseconds, level: .info, message: "0", fields: [])
            ]
        }
        let loss = try await Self.run(shelf) { recorder, timeline in
            for number in 1...3000 {
                // Back and forth.
                let skew = Duration.seconds(number % 7 - 3)
                recorder.note(.info, "\(number)", Self.none, at: timeline.now + skew)
                if number % 100 == 0 {
                    try await timeline.sleep(until: timeline.now + .milliseconds(100))
                }
            }
        }
        #expect(loss == nil)
        #expect(shelf.messages == (0...3000).map { "\($0)" })
        let sequences = shelf.state.value.records.map(\.sequence)
        #expect(zip(sequences, sequences.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func `what is noted while the store is away is kept when it is back`() async throws {
        let shelf = Shelf()
        let loss = try await Self.run(shelf) { recorder, timeline in
            shelf.state.change { $0.isAway = true }
            recorder.note(.info, "away", Self.none, at: timeline.now)
            try await timeline.sleep(until: timeline.now + .seconds(2))
            #expect(shelf.messages.isEmpty)
            shelf.state.change { $0.isAway = false }
            try await timeline.sleep(until: timeline.now + .seconds(1))
            #expect(shelf.messages == ["away"])
            recorder.note(.error, "last", Self.none, at: timeline.now)
        }
        #expect(loss == nil)
        #expect(shelf.messages == ["away", "last"])
    }

    @Test func `what finds no room, or no store, is counted with the reason`() async throws {
        let full = Shelf()
        let dropped = try await Self.run(full) { recorder, timeline in
            for _ in 0..<LogRecorder.room + 5 {
                recorder.note(.info, "x", Self.none, at: timeline.now)
            }
        }
        #expect(dropped?.records == 5)
        #expect(full.messages.count == LogRecorder.room)
        let away = Shelf()
        let lost = try await Self.run(away) { recorder, timeline in
            away.state.change { $0.isAway = true }
            recorder.note(.info, "x", Self.none, at: timeline.now)
        }
        #expect(lost?.records == 1)
        #expect(lost?.reason.contains("the shelf is away") == true)
    }

    @Test func `records that are older than the retention are removed`() async throws {
        let shelf = Shelf()
        _ = try await Self.run(shelf) { recorder, timeline in
            recorder.note(.info, "old", Self.none, at: timeline.now)
            try await timeline.sleep(until: timeline.now + .seconds(3650))
            recorder.note(.info, "new", Self.none, at: timeline.now)
            try await timeline.sleep(until: timeline.now + .seconds(3650))
            recorder.note(.info, "newest", Self.none, at: timeline.now)
        }
        #expect(shelf.messages == ["newest"])
    }

    @Test func `a long text is cut, and fields are in the order of their names`() async throws {
        let shelf = Shelf()
        _ = try await Self.run(shelf) { recorder, timeline in
            let long = String(repeating: "é", count: 10_000)
            recorder.note(
                .info,
                long,
                [LogField(name: "b", value: long), LogField(name: "a", value: "")],
                at: timeline.now
            )
        }
        let record = try #require(shelf.state.value.records.first)
        #expect(record.message == String(repeating: "é", count: 4096) + "…")
        #expect(record.fields.map(\.name) == ["a", "b"])
        #expect(record.fields.map(\.value.unicodeScalars.count) == [0, 4097])
    }
}
