internal import Timekeeping

/// An event of a log on its way into a batch, with what is known of where it came from.
struct LogEntry: Sendable {
    var event: Event
    var items: [Item]
    /// The record it was read from; of several, one a line.
    var bytes: [UInt8]
    /// The line it begins on.
    var line: Int
    /// How many records it was read from.
    var records = 1
    /// Whether the log has no id for it, and its rows tell it from others.
    var isKnownByContent = false
    /// Whether its id is that of its order, and so is no other event's of that order.
    var isKnownByOrder = false

    /// Goes on with the symbols of `symbols`.
    mutating func translate(from last: SymbolTable, to symbols: SymbolTable) {
        event.source = symbols.adopt(event.source, of: last)
        event.user = symbols.adopt(event.user, of: last)
        event.session = symbols.adopt(event.session, of: last)
        event.subject = symbols.adopt(event.subject, of: last)
        event.transaction = symbols.adopt(event.transaction, of: last)
        for place in items.indices {
            items[place].product = symbols.adopt(items[place].product, of: last)
            items[place].category = symbols.adopt(items[place].category, of: last)
        }
    }
}

/// Makes events of the records of a log.
protocol LogFormat: Sendable {
    /// Whether the next record names the columns.
    var needsHeader: Bool { get }

    /// Takes in the record that names the columns of `file`; nil where there is none.
    mutating func takeHeader(_ record: Record?, file: String) throws(InputError)

    /// Whether what it was given in the last call may still become more than it is, and is held
    /// back for it.
    var holdsBack: Bool { get }

    /// Takes in a record of `file`, which may be the first line of an event with several.
    mutating func take(_ record: Record, file: String) throws(RejectionReason)

    /// The next event to which nothing more is to come; nil where there is none.
    mutating func next(file: String, rejecting: inout [Rejection]) -> LogEntry?

    /// Goes on with the symbols of `symbols`, also in what is held back.
    mutating func translate(from last: SymbolTable, to symbols: SymbolTable)

    /// Says that nothing is to come to what was taken in: the input has ended, or is quiet.
    mutating func close()
}
