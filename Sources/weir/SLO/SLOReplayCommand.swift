internal import ArgumentParser
internal import SLO

/// `weir slo replay`: what would have fired and been spent under another objective.
struct SLOReplayCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "What would have fired and been spent with another target, window or policy.",
        discussion: """
            --objective takes a name, or a change: \(ObjectiveChange.forms). Changes are made to \
            every objective that is named, or to all. The alerts are those of a live run, moved \
            slice by slice.
            """
    )

    @OptionGroup var options: SLOOptions

    @OptionGroup var output: DocumentOutput

    private var changeTexts: [String] { options.objective.filter { $0.contains("=") } }

    func validate() throws {
        for text in changeTexts where ObjectiveChange(text) == nil {
            throw ValidationError(
                "--objective \(text): this is not a change; expected \(ObjectiveChange.forms)."
            )
        }
        if changeTexts.isEmpty, options.window == nil {
            throw ValidationError(
                "nothing is changed; expected --objective \(ObjectiveChange.forms)."
            )
        }
    }

    func perform() async throws {
        let changes = changeTexts.compactMap { ObjectiveChange($0) }
        let names = options.objective.filter { !$0.contains("=") }
        let evaluations = try await SLOEvaluation.each(
            options,
            only: names,
            [
                .init(),
                .init(points: 480, window: options.window) { objective in
                    ObjectiveChange.apply(changes, to: &objective)
                    return changeTexts
                },
            ]
        )
        let (written, changed) = (evaluations[0], evaluations[1])
        let report = ReplayReport(
            asWritten: written.report,
            changed: changed.report,
            changes: changed.overrides
        )
        try output.print(report)
        try changed.expectAnswers()
    }
}
