internal import ArgumentParser
internal import Documents
internal import Timekeeping

/// How long the figures of a run that has ended are served.
struct LingerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Serve the last figures of a run for so long after its end, such as 30s, or 0s \
            (default: until they have been asked for once, at most 20s).
            """,
            valueName: "duration"
        )
    )
    var linger: LingerArgument?

    /// A little more than a scraper of the shipped configuration waits between two looks.
    private static let standard = Duration.seconds(20)

    /// Waits until the last figures of `subject` have been served for long enough, or somebody
    /// wants the process to end.
    func wait(for subject: RunSubject, until stop: Signal, _ timeline: any Timeline) async {
        let limit = linger?.duration ?? LingerOptions.standard
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

/// `--linger`: a duration, which may be none, up to a day.
struct LingerArgument: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let value = DurationText.parse(argument), (.zero ... .seconds(86_400)).contains(value)
        else { return nil }
        duration = value
    }
}
