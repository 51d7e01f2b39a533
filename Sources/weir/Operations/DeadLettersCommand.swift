internal import ArgumentParser
internal import Commerce
internal import Documents
internal import Foundation
internal import Operations
internal import Pipeline
internal import Reports
internal import Storage
internal import Timekeeping

/// `weir dead-letters`: what subscriptions gave up.
struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "Messages that a subscription gave up: why, whether they would pass now.",
        discussion: """
            A selector names letters by keys that all must be met: subscription, reason, source, \
            id; and order, user, session, product, message-id, trace, for which the letters are \
            read.
            """,
        subcommands: [
            DeadLettersListCommand.self, DeadLettersShowCommand.self,
            DeadLettersReplayCommand.self, DeadLettersEditCommand.self,
            DeadLettersRedirectCommand.self, DeadLettersDiscardCommand.self,
        ]
    )
}

/// What the commands about dead letters have in common.
struct DeadLetterOptions: ParsableArguments {
    @OptionGroup var store: WarehouseOptions

    @Option(help: "Judge by the rules of this pipeline file (default: those of a plain one).")
    var pipeline: String?

    /// Refuses what names stores or rules beside a run that is asked.
    func exclude(by live: LiveRunOptions) throws {
        try live.exclude(
            ("--warehouse", store.warehouse != nil),
            ("--pipeline", pipeline != nil)
        )
    }

    /// Opens the warehouse for `access`, and lets `body` use its letters and a judge.
    func open<Value>(
        for access: StoreAccess,
        _ body: (String, any DeadLetterStore, LetterJudge) async throws -> Value
    ) async throws -> Value {
        let rules =
            try pipeline.map { try PipelineDocument.read(path: $0).validation.rules } ?? .standard
        let judge = LetterJudge(rules, at: RealTimeline().now)
        return try await store.open(for: access) { opened in
            guard let letters = opened.warehouse.letters else {
                throw StoreError(.wrongURL, "\(opened.label) keeps no dead letters to be read")
            }
            return try await body(opened.label, letters, judge)
        }
    }
}

/// `weir dead-letters list`.
struct DeadLettersListCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "One line for each subscription and cause.",
        discussion: """
            The latest letters of each group are held to the rules as they are now: that is the \
            share that would pass. A row of a log is no event by itself: unknown. A run that is \
            asked with --at judges by its own rules.
            """
    )

    @OptionGroup var live: LiveRunOptions

    @OptionGroup var options: DeadLetterOptions

    @Option(
        parsing: .unconditional,
        help: "How many of each group are held to the rules (default: 200).",
        transform: ArgumentValue.whole(0...10_000_000)
    )
    var sample: Int?

    @OptionGroup var output: DocumentOutput

    func validate() throws { try options.exclude(by: live) }

    func perform() async throws {
        let fields = [("sample", "\(sample ?? 200)")]
        let told = try await live.ask("dead-letters", fields) { try DeadLetterListing(json: $0) }
        if let told { return try output.print(told) }
        let listing = try await options.open(for: .reading) { label, letters, judge in
            try await DeadLetterListing(letters, in: label, by: judge, sample: sample ?? 200)
        }
        try output.print(listing)
    }
}

/// `weir dead-letters show`.
struct DeadLettersShowCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Single letters: cause, attempts, whether they would pass now, and their bytes."
    )

    @Argument(help: "The id of a letter, or <key>=<value> (several: a letter must have them all).")
    var selector: [String]

    @OptionGroup var live: LiveRunOptions

    @OptionGroup var options: DeadLetterOptions

    @Option(
        parsing: .unconditional,
        help: "How many letters are shown (default: 10).",
        transform: ArgumentValue.whole(1...10_000)
    )
    var limit: Int?

    @Flag(help: "Also letters that are closed: discarded, or replayed.")
    var discarded = false

    @OptionGroup var output: DocumentOutput

    func validate() throws {
        _ = try LetterSelector(typed: selector)
        try options.exclude(by: live)
    }

    func perform() async throws {
        var selector = try LetterSelector(typed: self.selector)
        if discarded { selector.includeDecided() }
        let fields =
            [("limit", "\(limit ?? 10)"), ("discarded", "\(discarded)")]
            + self.selector.map { ("selector", $0) }
        let told = try await live.ask("dead-letters/letters", fields) {
            try LetterReport(json: $0)
        }
        if let told { return try output.print(told) }
        let report = try await options.open(for: .reading) { label, letters, judge in
            try await LetterReport(
                selector,
                in: letters,
                called: label,
                by: judge,
                limit: limit ?? 10
            )
        }
        try output.print(report)
    }
}

/// `weir dead-letters discard`.
struct DeadLettersDiscardCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "discard",
        abstract: "Close letters that need not be processed any more.",
        discussion: """
            Their bytes stay, with who discarded them and why; 'show --discarded' has them. \
            Another message of the same event is a letter of its own. On a terminal it asks \
            first; elsewhere it needs --yes.
            """
    )

    @Argument(help: "The id of a letter, or <key>=<value> (several: a letter must have them all).")
    var selector: [String]

    @Option(help: "Why, for those who look later.")
    var why: String

    @Option(help: "Who decides (default: the name of the user).")
    var by: String?

    @Flag(help: "Do not ask.")
    var yes = false

    @OptionGroup var options: DeadLetterOptions

    func validate() throws {
        let selector = try LetterSelector(typed: selector)
        guard !selector.isEmpty else {
            throw ValidationError("Name the letters: an id, or <key>=<value>.")
        }
        for text in [why, by ?? "?"] {
            guard !text.isEmpty, text.utf8.count <= 1000, ReportText.printable(text) == text else {
                throw ValidationError(
                    "--why and --by must have from 1 to 1000 bytes, without control characters."
                )
            }
        }
        guard yes || isatty(0) == 1 else {
            throw ValidationError("Without a terminal to ask on, discard needs --yes.")
        }
    }

    func perform() async throws {
        let selector = try LetterSelector(typed: self.selector)
        let environment = ProcessInfo.processInfo.environment
        let decision = LetterDecision(
            time: RealTimeline().now,
            who: by ?? environment["USER"] ?? environment["LOGNAME"] ?? "unknown",
            why: why
        )
        let line = try await options.open(for: .changing) { label, letters, judge in
            let discard = try await LetterDiscard(selector, in: letters, by: judge)
            if let remark = discard.remark { Terminal.message(remark) }
            guard discard.count > 0 else { return "\(label): no open letter with \(selector.text)" }
            guard yes || Self.isConfirmed(discard, selector, label) else {
                return "\(label): nothing was discarded"
            }
            let count = try await discard.execute(in: letters, decision)
            return "\(label): \(count) \(count == 1 ? "letter" : "letters") discarded"
        }
        try Terminal.result(ReportText.printableLines(line))
    }

    private static func isConfirmed(
        _ discard: LetterDiscard,
        _ selector: LetterSelector,
        _ label: String
    ) -> Bool {
        let what = "\(discard.count) \(discard.count == 1 ? "letter" : "letters") of \(label)"
        for group in discard.groups { Terminal.message("  \(group)") }
        Terminal.message(
            "Discard \(what) with \(selector.text)? It cannot be undone: no replay takes a letter "
                + "that is discarded. Type yes to go on."
        )
        return readLine() == "yes"
    }
}
