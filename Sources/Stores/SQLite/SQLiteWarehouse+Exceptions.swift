package import Broker
package import Commerce
internal import Foundation
internal import GRDB
package import Stages
internal import Timekeeping

/// Who an event is, in the texts it is stored by.
struct IdentityText: Hashable {
    var source: String
    var id: String

    init(_ batch: Batch, _ place: Int) {
        source = batch.symbols.text(of: batch.events[place].source, in: .text)
        id = batch.idText(of: place)
    }
}

extension Batch {
    /// The bytes an event was read from or, where the shopper model made it, its CloudEvents
    /// JSON.
    func document(of place: Int) -> [UInt8] {
        if let originals {
            return Array(originals.bytes[originals.ranges[place]])
        }
        var bytes: [UInt8] = []
        CloudEventEncoder().append(place, of: self, to: &bytes)
        return bytes
    }
}

extension [UInt8] {
    var asText: String { String(decoding: self, as: UTF8.self) }
}

extension SQLiteWarehouse {
    package func storeDeadLetters(_ letters: [DeadLetter<Batch>]) async throws(StoreError) {
        try await file.write { database in
            let statement = try database.cachedStatement(
                sql: """
                    INSERT INTO dead_letters (subscription, source, id, position, reason, detail,
                        attempts, first_failure_ns, last_failure_ns, document)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (subscription, source, id) DO UPDATE SET
                        position = excluded.position, reason = excluded.reason,
                        detail = excluded.detail, attempts = excluded.attempts,
                        last_failure_ns = excluded.last_failure_ns
                    """
            )
            for letter in letters {
                let batch = letter.publication.batch
                let identity = IdentityText(batch, letter.place)
                try statement.execute(arguments: [
                    letter.subscription, identity.source, identity.id,
                    letter.publication.position(at: letter.place),
                    letter.reason.label, letter.reason.detail, letter.attempts,
                    letter.firstFailure.nanoseconds, letter.lastFailure.nanoseconds,
                    Data(batch.document(of: letter.place)),
                ])
            }
        }
    }

    package func exceptions() async throws(StoreError) -> WarehouseExceptions {
        try await file.read { database in
            func count(_ rows: String) throws -> Int64 {
                try Int64.fetchOne(database, sql: "SELECT count(*) FROM \(rows)") ?? 0
            }
            func count(_ reason: UncountedEvent.Reason) throws -> Int64 {
                try count("uncounted_events WHERE reason = '\(reason.rawValue)'")
            }
            return WarehouseExceptions(
                late: try count("late_events"),
                deadLetters: try count("dead_letters"),
                repeatedOrders: try count(.repeatedOrder),
                conflicts: try count(.conflict)
            )
        }
    }
}
