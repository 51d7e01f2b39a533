internal import ArgumentParser
internal import Console
internal import Foundation
internal import HTTPExchanges
internal import Reports
internal import Timekeeping

/// `--at`: a run that is under way answers, in place of stores.
struct LiveRunOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Ask the run whose console is there ('weir run … --serve'), not stores.",
            valueName: "url"
        )
    )
    var at: String?

    @OptionGroup var console: ConsoleOptions

    /// An answer with more bytes is not read.
    private static let mostBytes = 64 << 20
    private static let patience = Duration.seconds(20)

    func validate() throws {
        guard let at else {
            if console.consoleTokenFile != nil {
                throw ValidationError("--console-token-file needs --at.")
            }
            return
        }
        guard LiveRunOptions.address(at) != nil else {
            throw ValidationError(
                "--at \(SecretText.masked(at)) is no address of a console; expected one such as "
                    + "http://127.0.0.1:8080."
            )
        }
    }

    /// Refuses `options`, those that are given, beside `--at`.
    func exclude(_ options: (name: String, isGiven: Bool)...) throws {
        guard at != nil, let option = options.first(where: \.isGiven) else { return }
        throw ValidationError(
            "--at asks the run, which knows its own stores and rules; leave \(option.name)."
        )
    }

    /// The address without what follows the port; nil where it is none.
    static func address(_ text: String) -> String? {
        let text = text.contains("://") ? text : "http://\(text)"
        guard let parts = URL(string: text), let scheme = parts.scheme,
            ["http", "https"].contains(scheme), let host = parts.host(), !host.isEmpty,
            parts.user() == nil, parts.password() == nil, parts.query() == nil,
            parts.fragment() == nil, (1...65_535).contains(parts.port ?? 80)
        else { return nil }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    /// What the run answers to a question; nil where no run is to be asked.
    ///
    /// `read` makes a document of the answer.
    ///
    /// - Throws: ``LiveRunError``.
    func ask<Document>(
        _ path: String,
        by method: String = "GET",
        _ fields: [(name: String, value: String)],
        read: (String) throws -> Document
    ) async throws -> Document? {
        guard let at, let address = LiveRunOptions.address(at) else { return nil }
        let query = fields.map { "\($0.name)=\(HTTPExchange.escaped($0.value))" }
            .joined(separator: "&")
        let text = address + RunQuestions.root + path + (query.isEmpty ? "" : "?\(query)")
        guard let url = URL(string: text) else { throw LiveRunError(.usage, "\(text): no URL") }
        let answer = try await exchange(method, url, address)
        let said = String(decoding: answer.body, as: UTF8.self)
        switch answer.status {
        case 200:
            guard let document = try? read(said) else { throw Self.stranger(address) }
            return document
        case 400: throw LiveRunError(.usage, Self.sentence(said))
        case 401, 403:
            throw LiveRunError(
                .storeUnavailable,
                "\(address): \(Self.sentence(said)) (WEIR_CONSOLE_TOKEN or --console-token-file "
                    + "has the token)"
            )
        case 409, 503:
            throw LiveRunError(.storeUnavailable, "\(address): \(Self.sentence(said))")
        default: throw Self.stranger(address, "status \(answer.status)")
        }
    }

    private func exchange(
        _ method: String,
        _ url: URL,
        _ address: String
    ) async throws -> (status: Int, body: [UInt8]) {
        let token = try console.tokenText()
        do throws(HTTPExchange.Failure) {
            return try await HTTPExchange(
                mostBytes: Self.mostBytes,
                patience: Self.patience
            ).ask(method, url, bearerToken: token)
        } catch {
            let reason =
                switch error {
                case .unreachable:
                    "nothing answers; see that the run goes on, with --serve, and mend --at"
                case .late: "no whole answer within \(Self.patience.components.seconds) s"
                case .tooLarge:
                    "the answer has more than \(Self.mostBytes >> 20) MiB; lower --limit"
                }
            throw LiveRunError(.storeUnavailable, "\(address): \(reason)")
        }
    }

    private static func stranger(_ address: String, _ remark: String? = nil) -> LiveRunError {
        LiveRunError(
            .storeUnavailable,
            "\(address): what answers\(remark.map { " (\($0))" } ?? "") is no run of this version "
                + "of Weir; name the address that 'weir run … --serve' tells"
        )
    }

    /// The first line of `answer`, as much of it as a sentence has.
    private static func sentence(_ answer: String) -> String {
        let lines = answer.prefix(2000).split(whereSeparator: \.isNewline)
        return ReportText.printable(lines.joined(separator: "; "))
    }
}

/// A run that gave no answer.
struct LiveRunError: Error, CustomStringConvertible {
    let exit: ExitStatus
    let description: String

    init(_ exit: ExitStatus, _ description: String) {
        self.exit = exit
        self.description = description
    }
}
