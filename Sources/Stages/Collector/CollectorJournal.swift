/// Where a collector keeps what it has accepted until every subscription has settled it: segments
/// of lines, an event a line.
///
/// A topic inside the process ends with it, so an answer may only go out once its events are here.
package protocol CollectorJournal: Sendable {
    /// Takes the journal for this run alone.
    ///
    /// - Returns: The numbers of the segments that an earlier run has left, ascending.
    func open() async throws(JournalError) -> [Int]

    /// The whole lines of `segment`; what stands behind its last line end was never answered.
    func lines(of segment: Int) async throws(JournalError) -> [UInt8]

    /// Adds `lines` to `segment`, which begins with its first lines; when it returns, they outlive
    /// the end of the process and of the machine.
    ///
    /// - Throws: ``JournalError``; then none of them is kept, as far as that could be undone.
    func append(_ lines: [UInt8], to segment: Int) async throws(JournalError)

    /// Takes back the last `count` bytes of `segment`, which were its last lines.
    func takeBack(_ count: Int, of segment: Int) async throws(JournalError)

    /// Forgets `segment`.
    func remove(_ segment: Int) async throws(JournalError)

    /// Lets another run have the journal.
    func close() async
}

/// A journal that cannot be read or written.
package struct JournalError: Error, CustomStringConvertible {
    /// What is wrong, and the remedy.
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// Which segments of a journal are still needed; a pure value.
///
/// A segment has a mark, the position behind the last of its messages. It is needed while a
/// subscription of the topic has an unsettled message before the mark. A relay publishes before it
/// settles: so a segment then waits, by a mark of that moment, for the topics behind the relays,
/// depth by depth, and last for what was given up to be kept.
package struct JournalLedger: Sendable {
    /// How far the subscriptions have come.
    package struct Standing: Sendable {
        /// The lowest unsettled position of the subscriptions at each depth: the collector's own
        /// topic, then what relays publish to.
        ///
        /// Each was looked at after the one before it.
        package var lowest: [Int64?]
        /// The position of the next message, looked at last.
        package var next: Int64
        /// Whether all that was given up is kept.
        package var hasKeptGivenUp: Bool

        package init(lowest: [Int64?], next: Int64, hasKeptGivenUp: Bool) {
            self.lowest = lowest
            self.next = next
            self.hasKeptGivenUp = hasKeptGivenUp
        }
    }

    private struct Segment {
        var number: Int
        var bytes = 0
        var mark: Int64 = 0
        var depth = 0

        /// Goes on to the next depth where nothing before the mark is unsettled at this one.
        mutating func advance(_ standing: Standing) {
            // What is given up is settled a moment before it is there to be kept: so that is
            // looked at no earlier than the next time.
            if depth == standing.lowest.count {
                if standing.hasKeptGivenUp { depth += 1 }
                return
            }
            while depth < standing.lowest.count, standing.lowest[depth] ?? .max >= mark {
                depth += 1
                mark = standing.next
            }
        }
    }

    private let segmentLimit: Int
    private var closed: [Segment] = []
    private var current: Segment?
    private var isWriting = false
    private var nextNumber = 1

    /// An empty journal whose segments have about `segmentLimit` bytes at most.
    package init(segmentLimit: Int) {
        self.segmentLimit = segmentLimit
    }

    /// How many segments are needed.
    package var count: Int { closed.count + (current == nil ? 0 : 1) }

    /// A segment of an earlier run was published again, before `mark`.
    package mutating func recovered(_ number: Int, before mark: Int64) {
        closed.append(Segment(number: number, mark: mark))
        skip(number)
    }

    /// A segment of an earlier run stays where it is.
    package mutating func skip(_ number: Int) {
        nextNumber = max(nextNumber, number + 1)
    }

    /// The segment that the next lines go to; ``published(_:before:)``, ``tookBack()`` or
    /// ``failed()`` says what became of them.
    package mutating func begin() -> Int {
        isWriting = true
        if let current, current.bytes < segmentLimit { return current.number }
        closeCurrent()
        defer { nextNumber += 1 }
        current = Segment(number: nextNumber)
        return nextNumber
    }

    /// What was written, so many `bytes`, was published before `mark`.
    package mutating func published(_ bytes: Int, before mark: Int64) {
        isWriting = false
        current?.bytes += bytes
        current?.mark = mark
        current?.depth = 0
    }

    /// What was written was taken back.
    package mutating func tookBack() { isWriting = false }

    /// It is not known what is left of what was to be written: the segment is written to no more.
    package mutating func failed() {
        isWriting = false
        closeCurrent()
    }

    /// The segments that are not needed any more; the ledger forgets them.
    package mutating func settled(_ standing: Standing) -> [Int] {
        if !isWriting { closeCurrent() }
        for place in closed.indices { closed[place].advance(standing) }
        let end = standing.lowest.count + 1
        defer { closed.removeAll { $0.depth >= end } }
        return closed.filter { $0.depth >= end }.map(\.number)
    }

    private mutating func closeCurrent() {
        guard let segment = current else { return }
        closed.append(segment)
        current = nil
    }
}
