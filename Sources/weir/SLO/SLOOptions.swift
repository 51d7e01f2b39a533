internal import ArgumentParser
internal import Documents
internal import OpenSLO
internal import SLO
internal import Timekeeping

/// What the `weir slo` commands have in common: which objectives, which history, which instant.
struct SLOOptions: ParsableArguments {
    @OptionGroup var objectives: ObjectiveFiles

    @Option(
        help: """
            Where a run stored the history: sqlite:<path> or postgresql://… \
            (also WEIR_WAREHOUSE_URL).
            """
    )
    var warehouse: String?

    @Option(
        help: "A file with the history instead: CSV with start,good,total, or OpenMetrics.",
        completion: .file()
    )
    var history: String?

    @Option(
        help: """
            The width of the slices of --history, or those a Prometheus is asked for, such as 1m \
            (default: as the file shows, or the objective says).
            """,
        transform: ArgumentValue.duration()
    )
    var slice: Duration?

    @Option(help: "Only this objective; with a CSV --history, the one that the file is about.")
    var objective: [String] = []

    @Option(
        help: "A rolling window, such as 7d, in place of each objective's own.",
        transform: ArgumentValue.duration()
    )
    var window: Duration?

    @Option(
        help: """
            The instant to report on: RFC 3339, 'now' (default), or 'latest', the end of the \
            history (default with --history).
            """
    )
    var asOf: InstantArgument?

    func validate() throws {
        if history != nil, warehouse != nil {
            throw ValidationError("--history and --warehouse exclude each other.")
        }
    }
}

/// Which objectives.
struct ObjectiveFiles: ParsableArguments {
    static let standard = ["slo/storefront"]

    @Option(
        help: "OpenSLO files or directories (repeatable; default: slo/storefront).",
        completion: .file()
    )
    var objectives: [String] = []

    func read() throws -> ObjectiveSet {
        try ObjectiveSet.reading(objectives.isEmpty ? ObjectiveFiles.standard : objectives)
    }
}

/// `--as-of`: an instant, `now` or `latest`.
enum InstantArgument: ExpressibleByArgument {
    case now
    case latest
    case instant(Timestamp)

    /// Before and after these there is no history, and windows could leave the calendar.
    private static let limits = Timestamp(seconds: 0)..<Timestamp(seconds: 7_258_118_400)

    init?(argument: String) {
        switch argument {
        case "now": self = .now
        case "latest": self = .latest
        default:
            guard let instant = Timestamp(rfc3339: argument),
                InstantArgument.limits.contains(instant)
            else { return nil }
            self = .instant(instant)
        }
    }
}
