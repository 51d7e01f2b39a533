internal import ArgumentParser
internal import Foundation
internal import Reports
internal import WeirTracker

/// `weir track`: one event to a collector, from a script.
struct TrackCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "track",
        abstract: "Send an event to a collector, and wait until it has it.",
        discussion: """
            A value that is a number or a boolean of JSON is sent as one, anything else as a text. \
            SERVICE and STAGE in the environment say whose event it is. The key of a collector \
            that asks for one is in WEIR_COLLECTOR_KEY, or in a file (--key-file). The id of the \
            event is printed once the collector has accepted it.
            """
    )

    /// Where a collector listens by default.
    private static let usual = "http://127.0.0.1:8081"

    @Argument(help: "The name of the event, such as search_made.")
    var name: String

    @Argument(
        help: ArgumentHelp(
            "What is to be known of it, such as query=shoes n_results=3.",
            valueName: "name=value"
        )
    )
    var values: [String] = []

    @Option(help: "The collector (default: WEIR_COLLECTOR_URL, else http://127.0.0.1:8081).")
    var url: String?

    @Option(help: "A file with the key of the source.")
    var keyFile: String?

    @Option(
        help: "How long it is sent again while the collector cannot take it (default: 10s).",
        transform: ArgumentValue.duration(to: .seconds(3600))
    )
    var patience: Duration?

    func validate() throws {
        _ = try parameters()
        guard !name.isEmpty, !name.contains("=") else {
            throw ValidationError(
                "\"\(name)\" is no name of an event; expected one such as search_made, then its "
                    + "values."
            )
        }
        if let url, LiveRunOptions.address(url) == nil {
            throw ValidationError(
                "--url \(SecretText.masked(url)) is no address of a collector; expected one such "
                    + "as \(Self.usual)."
            )
        }
    }

    private func parameters() throws(ValidationError) -> [String: TrackedValue] {
        var parameters: [String: TrackedValue] = [:]
        for pair in values {
            guard let equals = pair.firstIndex(of: "="), equals > pair.startIndex else {
                throw ValidationError("\"\(pair)\" is no value; expected one such as query=shoes.")
            }
            let name = String(pair[..<equals])
            guard parameters[name] == nil else {
                throw ValidationError("\(name) is given twice; expected once.")
            }
            parameters[name] = TrackedValue(text: String(pair[pair.index(after: equals)...]))
        }
        return parameters
    }

    func perform() async throws {
        var options = TrackerOptions()
        let place = url ?? options.collector ?? Self.usual
        guard let address = LiveRunOptions.address(place) else {
            throw ValidationError(
                "WEIR_COLLECTOR_URL holds no address of a collector; expected one such as "
                    + "\(Self.usual)"
            )
        }
        options.collector = address
        if let keyFile { options.key = try Self.key(in: keyFile) }
        let patience = patience ?? .seconds(10)
        options.longestPause = .seconds(2)
        options.requestTimeout = patience
        let tracker = Tracker(options)
        let id = tracker.track(name, try parameters())
        await tracker.shutdown(within: patience)
        let counts = tracker.counts
        if counts.sent == 1 { return try Terminal.result(id) }
        let trouble = counts.trouble ?? "no whole answer in time"
        let isRefused = [.malformed, .unauthorized, .misaddressed, .tooLarge].contains {
            (reason: TrackerCounts.DropReason) in counts.dropped[reason] == 1
        }
        guard isRefused else {
            Terminal.message(
                "weir: \(address): \(trouble); see that a collector runs there ('weir run … "
                    + "--collect'), and mend --url"
            )
            throw ExitStatus.storeUnavailable.code
        }
        let words = counts.trouble ?? "it is larger than a collector takes"
        Terminal.message("weir: \(address): the event was refused: \(words)")
        throw ExitStatus.wrongDocument.code
    }

    private static func key(in path: String) throws(TokenError) -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TokenError(
                exit: .inputNotFound,
                description: "\(path) cannot be read; expected a file with the key"
            )
        }
        return String(decoding: data, as: UTF8.self)
    }
}
