internal import ArgumentParser
internal import Foundation
internal import HTTPExchanges
internal import Operations
internal import Reports

/// `--otlp`: journeys are sent as spans of OpenTelemetry.
struct SpanExport: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Send the journeys as OpenTelemetry spans to this receiver of OTLP/HTTP in JSON, such \
            as http://127.0.0.1:4318.
            """,
            valueName: "url"
        )
    )
    var otlp: String?

    private static let path = "/v1/traces"

    func validate() throws {
        guard let otlp, LiveRunOptions.address(otlp) == nil else { return }
        throw ValidationError(
            "--otlp \(SecretText.masked(otlp)) is no address of a receiver; expected one such as "
                + "http://127.0.0.1:4318."
        )
    }

    /// Sends the journeys of `report`, where a receiver was named.
    ///
    /// - Throws: ``SpanExportError``, or the exit code where the receiver has refused spans.
    func send(_ report: JourneyReport) async throws {
        guard let otlp, let address = LiveRunOptions.address(otlp) else { return }
        let text = address.hasSuffix(Self.path) ? address : address + Self.path
        guard let url = URL(string: text) else { throw SpanExportError("\(text): no URL") }
        let spans = JourneySpans(report.journeys, version: Weir.version)
        guard spans.count > 0 else { return Terminal.message("no event, so no span is sent") }
        let answer = try await Self.post(try spans.json(), to: url, called: text)
        let events = report.journeys.count
        let sent =
            "\(spans.count) spans of \(events) \(events == 1 ? "event" : "events") sent to \(text)"
        let rest = report.more > 0 ? "; of \(report.more) more events none (--limit)" : ""
        guard answer.rejected > 0 || answer.message != nil else {
            return Terminal.message(sent + rest)
        }
        let reason = answer.message.map { ": \(ReportText.printable($0))" } ?? ""
        Terminal.message("warning: \(sent)\(rest); \(answer.rejected) were rejected\(reason)")
        if answer.rejected > 0 { throw ExitStatus.invariantBroken.code }
    }

    private static func post(
        _ body: String,
        to url: URL,
        called text: String
    ) async throws(SpanExportError) -> SpanAnswer {
        let answer: (status: Int, body: [UInt8])
        do throws(HTTPExchange.Failure) {
            answer = try await HTTPExchange(mostBytes: 1 << 20).ask(
                "POST",
                url,
                bearerToken: nil,
                HTTPExchange.Body(body, type: "application/json")
            )
        } catch {
            let reason =
                switch error {
                case .unreachable: "nothing answers; see that the receiver runs, and mend --otlp"
                case .late:
                    "no whole answer within \(HTTPExchange.patience.components.seconds) s"
                case .tooLarge: "the answer is too large for a receiver of OTLP"
                }
            throw SpanExportError("\(text): \(reason)")
        }
        let said = String(decoding: answer.body, as: UTF8.self)
        guard answer.status == 200 else {
            let words = ReportText.printable(
                said.prefix(500).split(whereSeparator: \.isNewline).joined(separator: "; ")
            )
            throw SpanExportError(
                "\(text): the spans were not taken: status \(answer.status)"
                    + (words.isEmpty ? "" : ", \(words)")
            )
        }
        guard let read = try? SpanAnswer(json: said) else {
            throw SpanExportError("\(text): what answers is no receiver of OTLP/HTTP in JSON")
        }
        return read
    }
}

/// Spans that nobody has taken.
struct SpanExportError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
