internal import ArgumentParser
internal import Operations
internal import Reports
internal import Storage

/// `weir trace`.
struct TraceCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Where the events of an order, a shopper, a trace are, and why they stopped.",
        discussion: """
            For each event: when it was produced, its position, what each subscription made of \
            it, and the windows it was counted in; each with how one knows. What cannot be known \
            is unknown. Keys are those of 'weir events find'. What is nowhere is an answer, with \
            what was looked at, and ends with 0. A run that is asked with --at also tells of \
            messages that are under way: where they wait, since when, and what lets them go on.
            """
    )

    @Argument(help: "<key>=<value>, such as order=o42 (several: an event must have them all).")
    var keys: [String]

    @OptionGroup var live: LiveRunOptions

    @OptionGroup var places: RawStoreOptions

    @OptionGroup var store: WarehouseOptions

    @Option(
        help: "How many events are told (default: 20).",
        transform: ArgumentValue.whole(1...1000)
    )
    var limit: Int?

    @Flag(help: "Tell what was logged about each event as well.")
    var logs = false

    @OptionGroup var spans: SpanExport

    @OptionGroup var output: DocumentOutput

    func validate() throws {
        _ = try EventQuery(typed: keys)
        try live.exclude(
            ("--raw", !places.raw.isEmpty),
            ("--warehouse", store.warehouse != nil)
        )
    }

    func perform() async throws {
        let query = try EventQuery(typed: keys)
        if let report = try await told(query) {
            try output.print(report)
            try await spans.send(report)
            if report.isStoreAway == true { throw ExitStatus.storeUnavailable.code }
            return
        }
        var report = JourneyReport(query)
        var failures: [any Error] = []
        var isAsked = false
        do {
            try await store.open { opened in
                let chart = try await JourneyChart(of: opened.warehouse)
                isAsked = true
                failures += try await ask(query, &report, opened.warehouse, chart)
                try await report.addLetters(
                    query,
                    of: opened.warehouse,
                    called: opened.label,
                    chart,
                    limit: limit ?? 20
                )
                if report.journeys.isEmpty {
                    try await report.addAbsence(of: query, in: opened.warehouse, chart)
                }
            }
        } catch {
            report.add(failure: "\(error)")
            failures.append(error)
            // Without the warehouse, what the raw stores have is told.
            if !isAsked { failures += try await ask(query, &report, nil, JourneyChart()) }
        }
        report.link()
        if logs { failures += try await addLogs(to: &report) }
        try output.print(report)
        try await spans.send(report)
        if let first = failures.first { throw ExitStatus(first).code }
    }

    /// What a run says; nil where none is to be asked.
    private func told(_ query: EventQuery) async throws -> JourneyReport? {
        var fields = query.fields + [("limit", "\(limit ?? 20)")]
        if logs { fields.append(("logs", "true")) }
        return try await live.ask("trace", fields) { try JourneyReport(json: $0) }
    }

    /// Adds what was logged about each event.
    ///
    /// - Returns: Why stores could not be asked for it.
    private func addLogs(to report: inout JourneyReport) async throws -> [any Error] {
        let searches = report.logSearches
        var found: [(place: Int, logs: FoundLogs)] = []
        var away: [String] = []
        let failures = try await places.forEach(\.logs, "logs", isAlone: false) { _, store in
            for (place, search) in searches.enumerated() {
                found.append((place, try await store.find(search)))
            }
        } otherwise: { label, error in
            away.append("logs of \(label): \(error)")
        }
        for text in away { report.add(failure: text) }
        for (place, logs) in found { report.add(logs, toJourney: place) }
        return failures
    }

    private func ask(
        _ query: EventQuery,
        _ report: inout JourneyReport,
        _ warehouse: (any Warehouse)?,
        _ chart: JourneyChart
    ) async throws -> [any Error] {
        var answers: [(String, FoundEvents, RetainedEvents?)] = []
        var away: [String] = []
        let failures = try await places.forEach(\.lookup, "events to be found", isAlone: false) {
            label,
            store in
            let search = EventSearch(query.conditions, limit: limit ?? 20)
            let (found, retained) = try await store.answer(search)
            answers.append((label, found, retained))
        } otherwise: { label, error in
            away.append("\(label): \(error)")
        }
        for text in away { report.add(failure: text) }
        for (label, found, retained) in answers {
            try await report.add(found, retained: retained, in: label, warehouse, chart)
        }
        return failures
    }
}
