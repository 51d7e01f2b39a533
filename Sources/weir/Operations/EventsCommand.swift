internal import ArgumentParser
internal import Commerce
internal import OpeningStores
internal import Operations
internal import Reports
internal import Storage

/// `weir events`: single events of a raw store.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Single stored events, by their business keys.",
        subcommands: [EventsFindCommand.self, EventsReplayCommand.self]
    )
}

/// `weir events find`.
struct EventsFindCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "The stored events that have all of the keys given.",
        discussion: """
            Keys: order (transaction_id), user, session, product (item_id), id (that of the \
            event), message-id (its position in the topic), trace (32 digits or a traceparent). A \
            key that no event has is an answer: it ends with 0, and says since when events are \
            retained.
            """
    )

    @Argument(help: "<key>=<value>, such as order=o42 (several: an event must have them all).")
    var keys: [String]

    @OptionGroup var live: LiveRunOptions

    @OptionGroup var places: RawStoreOptions

    @Option(
        help: "How many events are shown (default: 50).",
        transform: ArgumentValue.whole(1...10_000)
    )
    var limit: Int?

    @Option(
        help: "Only events behind this position: the next page.",
        transform: ArgumentValue.whole(0...Int(RawEvent.endOfPositions))
    )
    var after: Int?

    @OptionGroup var output: DocumentOutput

    mutating func validate() throws {
        _ = try EventQuery(typed: keys)
        try live.exclude(("--raw", !places.raw.isEmpty))
        if live.at != nil, let limit, limit > 1000 {
            throw ValidationError("A run tells at most 1000 events at a time; lower --limit.")
        }
    }

    func perform() async throws {
        let query = try EventQuery(typed: keys)
        var fields = query.fields + [("limit", "\(limit ?? 50)")]
        if let after { fields.append(("after", "\(after)")) }
        let told = try await live.ask("events", fields) {
            try EventListing(json: $0, to: query)
        }
        if let told {
            try output.print(told)
            if told.hasFailures { throw ExitStatus.storeUnavailable.code }
            return
        }
        var listing = EventListing(query)
        let failures = try await places.forEach(\.lookup, "events to be found") { label, store in
            let search = EventSearch(
                query.conditions,
                after: after.map(Int64.init) ?? .min,
                limit: limit ?? 50
            )
            if let warning = store.warning(about: query.conditions) {
                Terminal.message("warning: \(label): \(warning)")
            }
            let (found, retained) = try await store.answer(search)
            listing.add(found, retained: retained, in: label)
        } otherwise: { label, error in
            listing.add(failure: "\(error)", in: label)
        }
        try output.print(listing)
        if let first = failures.first { throw ExitStatus(first).code }
    }
}

/// What the arguments of a command write, a term each.
protocol TermArguments {
    init(_ terms: [String]) throws
}

extension EventQuery: TermArguments {
    /// The query as a run is asked.
    var fields: [(name: String, value: String)] {
        conditions.map { ($0.key.rawValue, $0.value) }
    }
}
extension LogQuery: TermArguments {}
extension LetterSelector: TermArguments {}

extension TermArguments {
    /// What arguments write.
    ///
    /// - Throws: `ValidationError`, which tells all mistakes.
    init(typed terms: [String]) throws {
        do {
            self = try Self(terms)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}

/// `--raw`, for commands that look for events in raw stores.
struct RawStoreOptions: ParsableArguments {
    @Option(
        help: """
            A raw store: sqlite:<path> or mongodb://… (repeatable; also WEIR_RAW_URL; default: \
            sqlite:.weir/raw.sqlite).
            """
    )
    var raw: [String] = []

    /// Where a run keeps raw events unless something says otherwise.
    static let standard = "sqlite:.weir/raw.sqlite"

    private var urls: [String] {
        raw.isEmpty ? [StorePlaces.raw(nil) ?? RawStoreOptions.standard] : raw
    }

    /// Lets `body` ask each store in turn, by its URL without secrets.
    ///
    /// What is asked is its `port`, where it has one; one without keeps no `things`. A store that
    /// cannot be asked goes to `otherwise`, and the others are asked all the same; `isAlone` says
    /// that there is nothing else to say where the only one cannot.
    ///
    /// - Returns: Why stores could not be asked.
    /// - Throws: Why the only store could not be asked, where `isAlone`.
    func forEach<Port>(
        _ port: (any RawStore) -> Port?,
        _ things: String,
        isAlone: Bool = true,
        _ body: (String, Port) async throws -> Void,
        otherwise: (String, any Error) -> Void
    ) async throws -> [any Error] {
        var failures: [any Error] = []
        for url in urls {
            let label = ReportText.printable(SecretText.masked(url))
            do {
                let opened = try await RawStoreOptions.open(url)
                do {
                    guard let asked = port(opened.store) else {
                        throw StoreError(.wrongURL, "\(opened.label) keeps no \(things)")
                    }
                    try await body(opened.label, asked)
                    try await opened.store.close()
                } catch {
                    try? await opened.store.close()
                    throw error
                }
            } catch {
                if isAlone, urls.count == 1 { throw error }
                Terminal.message("weir: \(error)")
                otherwise(label, error)
                failures.append(error)
            }
        }
        return failures
    }

    private static func open(_ url: String) async throws -> StoreOpening.Opened<any RawStore> {
        do {
            return try await StorePlaces.opening.rawStore(at: url, for: .reading)
        } catch let error as StoreError where error.code == .wrongFormat {
            // A file of an earlier version has no index yet; who may write to it makes one.
            guard let opened = try? await StorePlaces.opening.rawStore(at: url, for: .changing)
            else { throw error }
            return opened
        }
    }
}
