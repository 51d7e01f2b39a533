/// Why a Prometheus gave no answer to a query.
package struct PrometheusError: Error, CustomStringConvertible {
    /// The kind of error, for callers.
    package enum Code: Sendable {
        /// It cannot be reached, refuses the client, or answers with nonsense.
        case unavailable
        /// The query is wrong, or its answer is not one series.
        case wrongQuery
    }

    package var code: Code
    /// A sentence that names the server and the remedy, and never a password.
    package var description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
