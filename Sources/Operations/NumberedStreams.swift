internal import Commerce
internal import Storage
internal import Timekeeping

/// Which sources of a raw store are streams of the shopper model: analytics knows their events by
/// their numbers, and all others by their identity.
struct NumberedStreams {
    private let reading: any WholeEventReading
    private let through: Int64
    private var known: [String: Bool]

    /// So many events are looked through for what a source is.
    private static let limit = 100_000

    /// The streams in `reading` up to the position `through`; those of `progress` were counted.
    init(
        _ progress: [StreamProgress],
        in reading: any WholeEventReading,
        through: Int64
    ) {
        self.reading = reading
        self.through = through
        known = Dictionary(progress.map { ($0.stream, true) }) { first, _ in first }
    }

    /// Whether the source of `event` is a stream of the model.
    ///
    /// Where nobody has counted it yet, it is one by what it is called, and by what its events came
    /// as: the model writes none down. A log may have been made from a stream, and then has that
    /// name; of a stream, a replay may have stored single events as they were written down.
    mutating func contain(_ event: WholeEvent) async throws(StoreError) -> Bool {
        if let answer = known[event.source] { return answer }
        guard NumberedStreams.isName(event.source) else {
            known[event.source] = false
            return false
        }
        let hasUnwritten = try await hasUnwritten(event.source)
        known[event.source] = hasUnwritten
        return hasUnwritten
    }

    /// Whether the store has an event of `source` that came as no CloudEvents JSON.
    private func hasUnwritten(_ source: String) async throws(StoreError) -> Bool {
        var range = EventRange(through: through)
        var looked = 0
        while looked < NumberedStreams.limit {
            let page = try await reading.wholeEvents(in: range, atMost: 1000, SymbolTable())
            let isThere = page.contains { event in
                event.source.utf8.elementsEqual(source.utf8)
                    && event.content.map { $0.document == nil } ?? false
            }
            if isThere { return true }
            guard let last = page.last?.position, last > range.after else { return false }
            range.after = last
            looked += page.count
        }
        return false
    }

    /// Whether a stream may be called `source`: `/<pipeline>/<producer>/<when it began>/` and 16
    /// hexadecimal digits.
    private static func isName(_ source: String) -> Bool {
        let parts = source.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 5, parts[0].isEmpty, let digest = parts.last else { return false }
        return digest.utf8.count == 16
            && digest.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
            && Timestamp(rfc3339: String(parts[parts.count - 2])) != nil
    }
}
