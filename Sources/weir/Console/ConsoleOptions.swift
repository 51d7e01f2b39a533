internal import ArgumentParser
internal import Console
internal import Foundation
internal import Logging
internal import Stages

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
            A file with the token that whoever asks has to send (also WEIR_CONSOLE_TOKEN holds \
            one); needed where other machines can reach the address.
            """
    )
    var consoleTokenFile: String?

    /// A server for `address`.
    ///
    /// - Throws: `ConsoleError` or ``TokenError``.
    func server(at address: ListenAddress, logger: Logger) throws -> ConsoleServer {
        try ConsoleServer(address, token: try token(), logger: logger)
    }

    /// The token, if there is one; the command line, which others can read, carries none.
    private func token() throws(TokenError) -> BearerToken? {
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
        guard let token = BearerToken(text) else {
            let (least, greatest) = (BearerToken.leastLength, BearerToken.greatestLength)
            throw TokenError(
                exit: .usage,
                description: "\(place) holds no token; expected \(least) to \(greatest) printable "
                    + "ASCII characters without spaces, as `openssl rand -hex 32` makes them"
            )
        }
        return token
    }
}

/// A token that cannot be used.
struct TokenError: Error, CustomStringConvertible {
    let exit: ExitStatus
    let description: String
}
