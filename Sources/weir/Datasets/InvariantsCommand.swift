internal import ArgumentParser
internal import Datasets
internal import Documents
internal import Reports
internal import SQLiteStores
internal import Storage
internal import Timekeeping

/// `weir invariants`: what must hold of what is stored.
struct InvariantsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invariants",
        abstract: "Check what is stored by SQL queries that return the violating rows.",
        discussion: """
            An invariant is a file of SQL with a header; add one by adding a file to \
            slo/invariants. 'check' runs them now; 'refresh' replaces the snapshot, \
            which remembers since when each anomaly is there.
            """,
        subcommands: [
            InvariantsListCommand.self, InvariantsCheckCommand.self, InvariantsRefreshCommand.self,
            InvariantsShowCommand.self, InvariantsScheduleCommand.self,
            InvariantsLintCommand.self,
        ]
    )
}

/// Which invariants, for all commands.
struct InvariantFileOptions: ParsableArguments {
    @Option(
        help: "Files of invariants or directories (repeatable; default: slo/invariants).",
        completion: .file()
    )
    var invariants: [String] = []

    func read() throws -> InvariantSet { try InvariantFileOptions.read(at: invariants) }

    /// Where invariants are unless another place is named.
    static let usual = "slo/invariants"

    /// The invariants, with every mistake reported on standard error.
    static func read(at paths: [String]) throws -> InvariantSet {
        let set = try parse(at: paths)
        for mistake in set.mistakes { Terminal.message("\(mistake)") }
        return set
    }

    static func parse(at paths: [String]) throws -> InvariantSet {
        var files: [(path: String, text: String)] = []
        for path in paths.isEmpty ? [usual] : paths {
            for file in try DocumentFile.paths(at: path, kind: "an invariant", language: .sql) {
                files.append((file, try DocumentFile.text(at: file, kind: "an invariant")))
            }
        }
        return InvariantReader.read(files)
    }
}

/// How invariants are checked.
struct InvariantRunOptions: ParsableArguments {
    @OptionGroup var files: InvariantFileOptions
    @OptionGroup var store: WarehouseOptions
    @OptionGroup var census: CensusOptions

    @Option(
        name: .customLong("timeout"),
        help: "How long a query may take (default: 30s).",
        transform: ArgumentValue.duration()
    )
    var longestQuery: Duration?

    var timeout: Duration { longestQuery ?? .seconds(30) }

    /// Takes a census of the raw events, and replaces the snapshot in `opened` with what the
    /// invariants of `set` find; gives both snapshots.
    func refresh(
        _ set: InvariantSet,
        in opened: OpenCatalogue,
        _ timeline: any Timeline
    ) async throws -> (before: InvariantSnapshot, after: InvariantSnapshot) {
        try await census.take(for: set, in: opened, isStandard: store.isStandard, timeline)
        return try await opened.invariants.refresh(
            try await opened.invariants.judgeable(set),
            timeout: timeout,
            timeline: timeline
        )
    }
}

/// `weir invariants list`.
struct InvariantsListCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "One line for each invariant: severity, owner, grace period, file."
    )

    @OptionGroup var files: InvariantFileOptions

    @OptionGroup var output: ListingOutput

    func perform() async throws {
        let set = try files.read()
        let listing = InvariantListing(set)
        try output.print(listing)
        if !set.mistakes.isEmpty { throw ExitStatus.wrongDocument.code }
    }
}

/// `weir invariants check`.
struct InvariantsCheckCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check each invariant now, and leave the snapshot as it is.",
        discussion: """
            Of the raw events, a census is taken first, which reads all of them; invariants that \
            need one use the last one, or say 'no census' where there was none. A file \
            with a mistake ends with 65, after the others were checked.
            """
    )

    @OptionGroup var options: InvariantRunOptions

    @Flag(help: "End with 1 where an invariant is violated, or could not be checked.")
    var gate = false

    @OptionGroup var output: DocumentOutput

    func perform() async throws {
        let set = try options.files.read()
        let isStandard = options.store.isStandard
        let takesCensus = options.census.isAsked(by: set, isStandard: isStandard)
        let report = try await options.store.open(
            for: takesCensus ? .changing : .reading
        ) { opened in
            let own = set.only(for: opened.invariants.dialect)
            if let warning = try await opened.invariants.warning() {
                Terminal.message("warning: \(warning)")
            }
            try await options.census.take(
                for: own,
                in: opened,
                isStandard: isStandard,
                RealTimeline()
            )
            let findings = try await opened.invariants.evaluate(
                own.invariants,
                timeout: options.timeout,
                timeline: RealTimeline()
            )
            return InvariantReport(findings, of: own, in: opened.label)
        }
        try output.end(report, of: set, gate: gate)
    }
}

/// `weir invariants refresh`.
struct InvariantsRefreshCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "refresh",
        abstract: "Check each invariant, and replace the snapshot with what was found.",
        discussion: """
            An invariant that cannot be checked keeps its figures, and is reported. There is \
            never more than one refresh of a warehouse at a time.
            """
    )

    @OptionGroup var options: InvariantRunOptions

    @Flag(help: "End with 1 where an invariant is violated, or could not be checked.")
    var gate = false

    @OptionGroup var output: DocumentOutput

    func perform() async throws {
        let set = try options.files.read()
        let report = try await options.store.open(for: .changing) { opened in
            if let warning = try await opened.invariants.warning() {
                Terminal.message("warning: \(warning)")
            }
            let (before, after) = try await options.refresh(set, in: opened, RealTimeline())
            var report = InvariantReport(
                after,
                since: before,
                deployments: try await opened.deployments.deployments(),
                in: opened.label
            )
            report.addUnjudged(of: set.only(for: opened.invariants.dialect))
            return report
        }
        try output.end(report, of: set, gate: gate)
    }
}

/// `weir invariants show`.
struct InvariantsShowCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the violations in the snapshot: since when each is there, which are gone."
    )

    @Argument(help: "The invariant's name; all of them where it is left out.")
    var name: String?

    @OptionGroup var store: WarehouseOptions

    @OptionGroup var output: DocumentOutput

    func perform() async throws {
        let report = try await store.open { opened in
            let snapshot = try await opened.invariants.snapshot()
            let known = snapshot.standings.map(\.invariant)
            guard !known.isEmpty else {
                throw DocumentError(
                    .notFound,
                    "\(opened.label) has no snapshot; 'weir invariants refresh' makes one"
                )
            }
            if let name, !known.contains(name) {
                throw DocumentError(
                    .notFound,
                    "the snapshot of \(opened.label) has no invariant \"\(name)\""
                        + suggestion(for: name, in: known)
                )
            }
            return InvariantReport(
                snapshot,
                only: name,
                gone: true,
                deployments: try await opened.deployments.deployments(),
                in: opened.label
            )
        }
        try output.print(report)
    }
}

/// `weir invariants lint`.
struct InvariantsLintCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Check files of invariants: headers, and queries against an empty catalogue.",
        discussion: """
            Of queries for PostgreSQL alone, only the form is checked; 'check' runs them. Mistakes \
            end with 65.
            """
    )

    @Argument(help: "Files or directories (default: slo/invariants).")
    var paths: [String] = []

    func perform() async throws {
        let set = try InvariantFileOptions.parse(at: paths)
        let refused = try SQLiteWarehouse.mistakes(of: set.only(for: .sqlite).invariants)
        let lines = set.mistakes.map(\.description) + refused.map(\.message)
        let summary = "\(set.invariants.count) invariants, \(lines.count) mistakes"
        try Terminal.result((lines + [summary]).joined(separator: "\n"))
        if !lines.isEmpty { throw ExitStatus.wrongDocument.code }
    }
}

extension DocumentOutput {
    /// Prints the report, and ends with the exit code that it has.
    fileprivate func end(_ report: InvariantReport, of set: InvariantSet, gate: Bool) throws {
        try print(report)
        if gate, !report.holds { throw Gate.failed }
        if report.hasFailures || !set.mistakes.isEmpty { throw ExitStatus.wrongDocument.code }
    }
}
