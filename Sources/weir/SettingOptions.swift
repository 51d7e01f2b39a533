internal import ArgumentParser
internal import Documents
internal import Foundation
internal import Pipeline

/// `--set`: what a run has otherwise than its pipeline file says.
struct SettingOptions: ParsableArguments {
    @Option(
        help: """
            Take another value than the pipeline file says, such as \
            spec.stages.ingest.batch=64, or workers=4 for every stage that subscribes (repeatable).
            """
    )
    var set: [DocumentSetting] = []
}

/// `--service-times`: how long stages take in virtual time, as it was measured.
struct ServiceTimeOptions: ParsableArguments {
    @Option(help: "Let the stages take the times that the JSON report of a real run has measured.")
    var serviceTimes: String?

    /// What the report says of the pipeline `document`; nothing where none is named.
    ///
    /// - Throws: A `DocumentError` where the file is no report of a run.
    func settings(for document: PipelineDocument) throws -> [DocumentSetting] {
        guard let serviceTimes else { return [] }
        let text = try DocumentFile.text(at: serviceTimes, kind: "a run's report")
        do {
            return try RunReport(json: text).serviceTimeSettings(for: document)
        } catch {
            throw DocumentError(
                .wrong,
                "\(serviceTimes): not the JSON report of a run, which 'weir run … --report "
                    + "run.json' writes"
            )
        }
    }
}

extension DocumentSetting: ExpressibleByArgument {
    package init?(argument: String) {
        self.init(argument)
    }
}
