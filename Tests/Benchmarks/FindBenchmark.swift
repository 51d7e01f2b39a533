internal import Commerce
internal import Foundation
internal import Pipeline
internal import SQLiteStores
internal import Storage
internal import Timekeeping

/// How long it takes to find events by each key among ten million of a SQLite file, and what the
/// index of the keys takes away from ingest: the same pipeline without it, in turn.
struct FindBenchmark {
    var events = 10_000_000
    var ingested = 500_000
    var batch = 4096
    var rounds = 5
    /// How many values of each key are looked for.
    var values = 40

    func measure() async throws -> [Figure] {
        let directory = try benchDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        var bare: [Double] = []
        var indexed: [Double] = []
        for round in 0..<rounds {
            for hasIndex in round.isMultiple(of: 2) ? [false, true] : [true, false] {
                let path = directory.appending(path: "ingest.sqlite").path
                let speed = try await ingest(ingested, into: path, hasIndex: hasIndex)
                if hasIndex { indexed.append(speed) } else { bare.append(speed) }
                for ending in ["", "-wal", "-shm"] {
                    try? FileManager.default.removeItem(atPath: path + ending)
                }
            }
        }
        let path = directory.appending(path: "find.sqlite").path
        _ = try await ingest(events, into: path, hasIndex: true)
        return [
            Figure(name: "find.ingest-without-index", value: bare.median, unit: "events/s"),
            Figure(
                name: "find.ingest",
                value: indexed.median,
                unit: "events/s",
                ratio: zip(indexed, bare).map { $0 / $1 }.median,
                target: ">= 0.9 of without"
            ),
        ] + (try await find(in: path))
    }

    private func ingest(_ events: Int, into path: String, hasIndex: Bool) async throws -> Double {
        let store = try SQLiteRawStore(
            SQLiteLocation(path: path),
            keySegment: hasIndex ? 65_536 : nil
        )
        let report = try await IngestPipeline(name: "find", events: events, batch: batch)
            .run(into: store, label: path)
        precondition(report.rawStore?.events == Int64(events), "the raw store lost events")
        try store.close()
        return Double(events) / report.durationSeconds
    }

    /// The slowest of nine in ten searches by each key.
    private func find(in path: String) async throws -> [Figure] {
        let store = try SQLiteRawStore(SQLiteLocation(path: path), .reading)
        let timeline = RealTimeline()
        var figures: [Figure] = []
        for key in EventKey.allCases {
            var taken: [Double] = []
            for condition in try await conditions(key, in: store) {
                let began = timeline.now
                let found = try await store.find(EventSearch([condition], limit: 50))
                taken.append((timeline.now - began).inSeconds * 1000)
                precondition(!found.events.isEmpty, "an event was not found by its \(key)")
            }
            taken.sort()
            guard !taken.isEmpty else { continue }
            figures.append(
                Figure(
                    name: "find.\(key.rawValue)",
                    value: taken[taken.count * 9 / 10],
                    unit: "ms",
                    target: key == .product ? nil : "<= 20"
                )
            )
        }
        try store.close()
        return figures
    }

    /// Values of `key` that events in all parts of the file have.
    private func conditions(
        _ key: EventKey,
        in store: SQLiteRawStore
    ) async throws -> [EventCondition] {
        var conditions: [EventCondition] = []
        var position: Int64 = 1
        while conditions.count < values, position < Int64(events) {
            defer { position += Int64(events / values / 7 + 1) }
            guard let message = EventCondition(.message, "\(position)") else { break }
            let found = try await store.find(EventSearch([message], limit: 1))
            guard let event = found.events.first else { continue }
            let value: String? =
                switch key {
                case .order: event.order
                case .user: event.user
                case .session: event.session
                case .product: event.products.first
                case .id: event.id
                case .message: "\(event.position)"
                case .trace: event.trace
                }
            conditions += value.flatMap { EventCondition(key, $0) }.map { [$0] } ?? []
        }
        return conditions
    }
}
