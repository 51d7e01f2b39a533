internal import Foundation
internal import HTTPExchanges
package import Prometheus
internal import SLO
package import Timekeeping

/// A Prometheus, or what speaks its HTTP API, that is asked for the past of a query.
///
/// Source: the Prometheus HTTP API, version 1, "Range queries".
package struct PrometheusServer: Sendable {
    /// Prometheus gives 11,000 points to a query at most.
    private static let mostPoints: Int64 = 10_000
    /// Prometheus has nothing from before 1970, and queries end before 2200.
    fileprivate static let seconds = 0.0...7_258_118_400.0
    /// An answer with more bytes is not read: less of the past is asked for at a time then.
    private static let mostBytes = 16 << 20

    /// Its address without anything secret.
    package let label: String
    private let bearerToken: String?

    /// The server at `url`, an `http:` or `https:` URL without login, query and fragment.
    ///
    /// - Returns: nil if it is not one.
    package init?(url: String, bearerToken: String? = nil) {
        guard let parts = URL(string: url), let scheme = parts.scheme,
            ["http", "https"].contains(scheme), let host = parts.host(), !host.isEmpty,
            parts.user() == nil, parts.password() == nil, parts.query() == nil,
            parts.fragment() == nil, (1...65_535).contains(parts.port ?? 80)
        else { return nil }
        label = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.bearerToken = bearerToken
    }

    /// Gives `take` what each series of `query` came to at every multiple of `step` in `range`, its
    /// ends among them: a part of the past at a time, oldest first, so that no more is held.
    package func series(
        of query: String,
        in range: ClosedRange<Timestamp>,
        step: Duration,
        _ take: ([QueriedSeries]) throws(PrometheusError) -> Void
    ) async throws(PrometheusError) {
        let step = max(1, step.inNanoseconds)
        var next = (range.lowerBound.nanoseconds + step - 1).flooringQuotient(step)
        let last = range.upperBound.nanoseconds.flooringQuotient(step)
        var points = Self.mostPoints
        while next <= last {
            let end = min(last, next + points - 1)
            let body = try await ask([
                ("query", query), ("start", Timestamp(nanoseconds: next * step).decimalSeconds),
                ("end", Timestamp(nanoseconds: end * step).decimalSeconds),
                ("step", Timestamp(nanoseconds: step).decimalSeconds),
            ])
            guard let body else {
                points = (end - next + 1) / 4
                guard points > 0 else { throw tooLarge }
                continue
            }
            try take(try series(in: body))
            next = end + 1
        }
    }

    /// What is answered to a question; nil if that is more than is read.
    private func ask(_ fields: [(String, String)]) async throws(PrometheusError) -> [UInt8]? {
        let form = fields.map { "\($0)=\(HTTPExchange.escaped($1))" }.joined(separator: "&")
        guard let url = URL(string: "\(label)/api/v1/query_range") else { throw unreachable }
        let answer: (status: Int, body: [UInt8])
        do throws(HTTPExchange.Failure) {
            answer = try await HTTPExchange(mostBytes: Self.mostBytes).ask(
                "POST",
                url,
                bearerToken: bearerToken,
                HTTPExchange.Body(form, type: "application/x-www-form-urlencoded")
            )
        } catch {
            switch error {
            case .tooLarge: return nil
            case .late: throw late
            case .unreachable: throw unreachable
            }
        }
        try check(answer.status, answer.body)
        return answer.body
    }

    private func check(_ status: Int, _ body: [UInt8]) throws(PrometheusError) {
        switch status {
        case 200: return
        case 400, 422:
            guard let said = try? JSONDecoder().decode(Answer.self, from: Data(body)).error else {
                throw notPrometheus
            }
            // Nothing that a terminal would take for a command.
            let line = said.map { $0.isNewline ? " " : $0 }.filter { $0 >= " " && $0 != "\u{7f}" }
            throw PrometheusError(.wrongQuery, "\(label) refuses the query: \(String(line))")
        case 401, 403:
            throw PrometheusError(
                .unavailable,
                "\(label): the login is refused; name the variable that holds a token with "
                    + "bearerTokenEnv in the connectionDetails of the DataSource"
            )
        default:
            throw PrometheusError(.unavailable, "\(label): answered with status \(status)")
        }
    }

    private func series(in body: [UInt8]) throws(PrometheusError) -> [QueriedSeries] {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(body)),
            answer.status == "success", let data = answer.data, data.resultType == "matrix"
        else { throw notPrometheus }
        return data.result.map { series in
            let samples = (series.values ?? []).map { (instant: $0.instant, value: $0.value) }
            return QueriedSeries(labels: series.metric ?? [:], samples)
        }
    }

    /// That a query has many series where one is asked about.
    package func severalSeries(_ count: Int, of query: String) -> PrometheusError {
        PrometheusError(
            .wrongQuery,
            "\(label): the query has \(count) series, and only counts can be added up; "
                + "expected one, as avg(\(query)) or max(\(query)) would have"
        )
    }

    private var late: PrometheusError {
        let patience = HTTPExchange.patience.components.seconds
        return PrometheusError(.unavailable, "\(label): no whole answer within \(patience) s")
    }

    private var unreachable: PrometheusError {
        PrometheusError(
            .unavailable,
            "\(label): cannot be reached; see that a Prometheus listens there, or mend the "
                + "url of the DataSource"
        )
    }

    private var tooLarge: PrometheusError {
        PrometheusError(
            .wrongQuery,
            "\(label): an instant of the query has more than \(Self.mostBytes >> 20) MiB; expected "
                + "fewer series"
        )
    }

    private var notPrometheus: PrometheusError {
        PrometheusError(
            .unavailable,
            "\(label): what answers is not a Prometheus; correct the url of the DataSource"
        )
    }
}

/// What Prometheus answers to a range query.
private struct Answer: Decodable {
    struct Result: Decodable {
        var resultType: String
        var result: [Series]
    }
    struct Series: Decodable {
        var metric: [String: String]?
        var values: [Sample]?
    }
    struct Sample: Decodable {
        var instant: Timestamp
        var value: String

        /// `[<seconds>, "<value>"]`; Prometheus keeps milliseconds.
        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            let seconds = try list.decode(Double.self)
            guard PrometheusServer.seconds.contains(seconds) else {
                throw DecodingError.dataCorruptedError(
                    in: list,
                    debugDescription: "an instant is outside the years 1970 to 2200"
                )
            }
            let milliseconds = Int64((seconds * 1000).rounded())
            instant = Timestamp(nanoseconds: milliseconds * 1_000_000)
            value = try list.decode(String.self)
        }
    }
    var status: String
    var data: Result?
    var error: String?
}

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
