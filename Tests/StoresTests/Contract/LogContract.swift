import Storage
import Testing
import Timekeeping

/// What ``LogStore`` promises, held against every adapter that keeps logs.
struct LogContract {
    static let adapters = [StoreAdapter.sqlite] + StoreAdapter.mongoDB

    /// Texts that somebody may have sent.
    private static let values = [
        "o-1", "o-2", "", "a=b", "'; DROP TABLE logs", "\u{0}nul", "é", "e\u{301}", "$gt", "💶\n",
    ]

    private static func record(_ sequence: Int64, _ random: inout Randomness) -> LogRecord {
        let names = ["order", "stage", "user"].filter { _ in random.below(3) > 0 }
        return LogRecord(
            sequence: sequence,
            level: LogLevel.allCases[Int(random.below(7))],
            message: values[Int(random.below(UInt64(values.count)))],
            fields: names.map { name in
                LogField(name: name, value: values[Int(random.below(UInt64(values.count)))])
            }
        )
    }

    private static func expected(_ search: LogSearch, in books: [LogRecord]) -> FoundLogs {
        func has(_ record: LogRecord, _ field: LogField) -> Bool {
            record.fields.contains {
                $0.name == field.name && $0.value.utf8.elementsEqual(field.value.utf8)
            }
        }
        let meeting = books.filter { record in
            record.sequence > search.after && record.level >= search.level
                && search.fields.allSatisfy { has(record, $0) }
        }
        let asked = search.prefersLast ? meeting.reversed() : meeting
        return FoundLogs(Array(asked.prefix(search.limit + 1)), of: search)
    }

    @Test(arguments: adapters, 1...4 as ClosedRange<UInt64>)
    func `what is found is what was kept, once each, in its order`(
        adapter: StoreAdapter,
        seed: UInt64
    ) async throws {
        try await adapter.visit { home in
            var random = Randomness(seed: seed)
            var store = try await home.raw()
            var logs = try #require(store.logs)
            var books: [LogRecord] = []
            #expect(try await logs.lastSequence() == 0)
            for round in 1...12 {
                let first = (books.last?.sequence ?? 0) + 1 + Int64(random.below(5))
                let some = (0..<Int64(random.below(40))).map {
                    Self.record(first + $0 * 3, &random)
                }
                try await logs.append(some)
                // As after a call whose answer was lost.
                if random.below(2) == 0 { try await logs.append(some) }
                books += some
                if round % 5 == 0, let middle = books.randomMember(&random)?.sequence {
                    try await logs.remove(before: middle)
                    books.removeAll { $0.sequence < middle }
                }
                if random.below(3) == 0 {
                    try await store.close()
                    store = try await home.raw()
                    logs = try #require(store.logs)
                }
                #expect(try await logs.lastSequence() == books.last?.sequence ?? 0)
                for _ in 0..<6 {
                    let fields = books.randomMember(&random)?.fields ?? []
                    var search = LogSearch(
                        Array(fields.prefix(Int(random.below(3)))),
                        level: LogLevel.allCases[Int(random.below(4))],
                        limit: 1 + Int(random.below(20)),
                        prefersLast: random.below(2) == 0
                    )
                    if random.below(2) == 0, let record = books.randomMember(&random) {
                        search.after = record.sequence
                    }
                    #expect(try await logs.find(search) == Self.expected(search, in: books))
                }
            }
            try await store.close()
        }
    }

    @Test func `a store in memory keeps no logs`() {
        #expect(MemoryRawStore().logs == nil)
    }
}

extension Array {
    fileprivate func randomMember(_ random: inout Randomness) -> Element? {
        isEmpty ? nil : self[Int(random.below(UInt64(count)))]
    }
}
