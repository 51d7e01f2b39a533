package import Timekeeping

/// How much a log record matters, the least first (the levels of swift-log).
package enum LogLevel: String, Hashable, Sendable, CaseIterable, Comparable {
    case trace
    case debug
    case info
    case notice
    case warning
    case error
    case critical

    /// This level and those that matter more.
    package var andAbove: [LogLevel] { LogLevel.allCases.filter { $0 >= self } }

    private var rank: Int { LogLevel.allCases.firstIndex(of: self) ?? 0 }

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }
}

/// Something that a log record says of what it is about, such as `order` `o-93`.
package struct LogField: Hashable, Sendable {
    /// Without `=`; a key of events is called as ``EventKey`` has it.
    package var name: String
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// What a stage said, as it is kept beside the raw events.
package struct LogRecord: Hashable, Sendable {
    /// When it was said, in nanoseconds since the epoch by the clock of who said it, but always
    /// behind the record before: so that records are in their order, and no two have one number.
    package var sequence: Int64
    package var level: LogLevel
    package var message: String
    /// In the order of their names, each name once.
    package var fields: [LogField]

    package init(sequence: Int64, level: LogLevel, message: String, fields: [LogField]) {
        self.sequence = sequence
        self.level = level
        self.message = message
        self.fields = fields
    }

    /// When it was said.
    package var time: Timestamp { Timestamp(nanoseconds: sequence) }

    /// The value of the field `name`; nil where it has none.
    package func value(of name: String) -> String? {
        fields.first { $0.name == name }?.value
    }
}

/// Which log records are asked for: those that have all of the fields.
package struct LogSearch: Sendable {
    package var fields: [LogField]
    /// The least level.
    package var level: LogLevel
    /// Only records behind this sequence.
    package var after: Int64
    /// How many are given.
    package var limit: Int
    /// Whether, where there are more, the last ones are given and not the first.
    package var prefersLast: Bool

    package init(
        _ fields: [LogField],
        level: LogLevel = .trace,
        after: Int64 = .min,
        limit: Int,
        prefersLast: Bool = false
    ) {
        self.fields = fields
        self.level = level
        self.after = after
        self.limit = limit
        self.prefersLast = prefersLast
    }
}

/// Log records that were found, in their order.
package struct FoundLogs: Hashable, Sendable {
    package var records: [LogRecord]
    /// Whether there are others: before them where the last were preferred, else behind them.
    package var hasMore: Bool

    /// The first of `records`, which are in the order they were asked for, and one more than
    /// `search` asks for where there are more.
    package init(_ records: [LogRecord], of search: LogSearch) {
        let given = records.prefix(search.limit)
        self.records = search.prefersLast ? given.reversed() : Array(given)
        hasMore = records.count > search.limit
    }
}

/// Log records, kept beside the raw events.
///
/// - Guarantees: a record is kept once by its sequence, however often it is given; what a call
///   finds is in the order of sequences.
/// - Failure and recovery: a call that threw may be given again as it was. A record that cannot be
///   read is noted as damaged, and left out.
package protocol LogStore: Sendable {
    /// The highest sequence that is kept; 0 where there is none.
    func lastSequence() async throws(StoreError) -> Int64

    /// Keeps `records`.
    func append(_ records: [LogRecord]) async throws(StoreError)

    /// Removes the records before `sequence`.
    func remove(before sequence: Int64) async throws(StoreError)

    /// The records that `search` asks for.
    func find(_ search: LogSearch) async throws(StoreError) -> FoundLogs
}
