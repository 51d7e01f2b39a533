/// A console that cannot be opened.
package struct ConsoleError: Error, CustomStringConvertible {
    /// What a caller decides on.
    package enum Code: Sendable {
        /// Others could reach it, and it asks for no token.
        case needsToken
        /// The address is another program's, or none of this machine.
        case unavailable
    }

    package var code: Code
    /// What is wrong, and the remedy.
    package var description: String
}
