internal import ArgumentParser
internal import Console
internal import Datasets
internal import Documents
internal import Foundation
internal import HTTPServing
internal import Logging
internal import Pipeline
internal import SLO
internal import Storage
internal import Timekeeping

extension ListenAddress: ExpressibleByArgument {
    init?(argument: String) {
        self.init(argument)
    }
}

/// Who may ask a console.
struct ConsoleOptions: ParsableArguments {
    private static let variable = "WEIR_CONSOLE_TOKEN"

    @Option(
        help: """
            A file with the token that each request has to carry (also WEIR_CONSOLE_TOKEN holds \
            one); needed where other machines can reach the address.
            """
    )
    var consoleTokenFile: String?

    /// A server for `address`.
    ///
    /// - Throws: `ListenError` or ``TokenError``.
    func server(at address: ListenAddress, logger: Logger) throws -> ConsoleServer {
        try ConsoleServer(address, token: try token(), logger: logger)
    }

    private func token() throws(TokenError) -> BearerToken? {
        try tokenText().flatMap(BearerToken.init)
    }

    /// The token, if there is one; the command line, which others can read, carries none.
    func tokenText() throws(TokenError) -> String? {
        let text: String
        let place: String
        if let path = consoleTokenFile {
            place = path
            guard let data = FileManager.default.contents(atPath: path) else {
                throw TokenError(
                    exit: .inputNotFound,
                    description: "\(path) cannot be read; expected a file with the token"
                )
            }
            text = String(decoding: data, as: UTF8.self)
        } else if let value = ProcessInfo.processInfo.environment[ConsoleOptions.variable] {
            place = ConsoleOptions.variable
            text = value
        } else {
            return nil
        }
        guard BearerToken(text) != nil else {
            let (least, greatest) = (BearerToken.leastLength, BearerToken.greatestLength)
            throw TokenError(
                exit: .usage,
                description: "\(place) holds no token; expected \(least) to \(greatest) printable "
                    + "ASCII characters without spaces, as `openssl rand -hex 32` makes them"
            )
        }
        return text.trimmingCharacters(in: .newlines)
    }
}

/// A token that cannot be used.
struct TokenError: Error, CustomStringConvertible {
    let exit: ExitStatus
    let description: String
}

/// How long the figures of a run that has ended are served.
struct LingerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            How long the last figures are served after the run has ended, such as 30s, or 0s \
            (default: until they were scraped once, at most 20s).
            """,
            valueName: "duration"
        ),
        transform: ArgumentValue.duration(from: .zero, to: .seconds(86_400))
    )
    var linger: Duration?

    /// A little more than a scraper of the shipped configuration waits between two scrapes.
    private static let standard = Duration.seconds(20)

    /// Waits until the last figures of `subject` have been served for long enough, or somebody
    /// wants the process to end.
    func wait(for subject: RunSubject, until stop: Signal, _ timeline: any Timeline) async {
        let limit = linger ?? LingerOptions.standard
        guard limit > .zero else { return }
        let until = linger == nil ? "until they are asked for, at most for" : "for"
        Terminal.message(
            "serving the last figures \(until) \(DurationText.write(limit)) (interrupt to end now)"
        )
        let isStopped = stop.version
        await withTaskGroup { group in
            group.addTask { try? await timeline.sleep(until: timeline.now + limit) }
            group.addTask { try? await stop.wait(since: isStopped) }
            if linger == nil { group.addTask { try? await subject.isRead.wait(since: 0) } }
            await group.next()
            group.cancelAll()
        }
    }
}

/// How the invariants of a warehouse are watched while something is served.
struct InvariantWatchOptions: ParsableArguments {
    @Option(
        help: """
            Files of invariants or directories, held against the warehouse while it is served \
            (repeatable; default: slo/invariants, where that is there).
            """
    )
    var invariants: [String] = []

    @Option(
        help: "Check the invariants again when their results are older (default: 30m).",
        transform: ArgumentValue.duration(from: .seconds(10))
    )
    var invariantsEvery: Duration?

    /// The invariants, with every mistake reported on standard error; none where none are named and
    /// there are none in the usual place.
    func read() throws -> InvariantSet {
        if invariants.isEmpty,
            !FileManager.default.fileExists(atPath: InvariantFileOptions.usual)
        {
            return InvariantSet()
        }
        return try InvariantFileOptions.read(at: invariants)
    }

    /// A watch over `store`; nil where there is nothing to check.
    func watch(
        _ store: any InvariantStore,
        _ deployments: (any DeploymentLog)?,
        _ set: InvariantSet,
        _ timeline: any Timeline,
        _ logger: Logger
    ) -> InvariantWatch? {
        guard !set.invariants.isEmpty || !set.refused.isEmpty else { return nil }
        return InvariantWatch(
            store,
            set,
            deployments: deployments,
            every: invariantsEvery ?? .seconds(1800),
            timeline: timeline,
            logger: logger
        )
    }
}
