import ObjectiveSamples
import Prometheus
import SLO
import Testing
import Timekeeping

/// What a query gives is seen by its outermost functions.
@Suite struct QueryShapeTests {
    static let shapes: [(query: String, value: QueryShape.Value, isAggregated: Bool)] = [
        ("http_requests_total", .metric("http_requests_total"), false),
        (
            "  (http_requests_total{code=~\"2..\", path=\"/a(b,c)\"}) ",
            .metric("http_requests_total"), false
        ),
        ("{__name__=\"x\"}", .metric(""), false),
        ("x offset 5m", .metric("x"), false),
        ("x offset -5m", .metric("x"), false),
        ("x @ 1234", .metric("x"), false),
        ("sum(x)", .metric("x"), true),
        ("sum by (job) (x)", .metric("x"), true),
        ("SUM without(pod)(x{a=\"by (b)\"})", .metric("x"), true),
        ("sum(x) by (job)", .metric("x"), true),
        ("topk(3, x)", .metric("x"), true),
        ("rate(x[5m])", .rate, false),
        ("sum(rate(x{code!=\"500\"}[5m]))", .rate, true),
        ("sum(irate(x[1m] offset 1h))", .rate, true),
        ("sum(rate(a[5m])) + sum(rate(b[5m]))", .rate, true),
        ("sum(rate(a[5m])) - sum(rate(b[5m]))", .rate, true),
        ("sum(rate(a[5m])) or vector(0)", .rate, true),
        ("sum(rate(a[5m])) or on () vector(0)", .rate, true),
        ("clamp_min(sum(rate(a[5m])), 1e-5)", .rate, true),
        ("rate(x[5m]) > 0", .rate, false),
        ("histogram_count(rate(x[5m]))", .rate, false),
        ("increase(x[1h30m])", .count(over: .seconds(5400)), false),
        ("sum(increase(x{a=\"]\"}[2m]))", .count(over: .seconds(120)), true),
        ("count_over_time(x[1d:5m])", .count(over: .seconds(86_400)), false),
        ("sum(rate(x[5m])) * 60", .unknown, true),
        ("rate(a[5m]) + b_total", .unknown, false),
        ("histogram_quantile(0.9, rate(x[5m]))", .unknown, false),
        ("count(up)", .unknown, true),
        ("vector(1)", .constant, false),
        ("", .unknown, false),
        ("sum(", .unknown, false),
        ("\"", .unknown, false),
    ]

    @Test(arguments: shapes)
    func `a query has its shape`(query: String, value: QueryShape.Value, isAggregated: Bool) {
        let shape = QueryShape(query)
        #expect(shape.value == value, "\(query)")
        #expect(shape.isAggregated == isAggregated, "\(query)")
    }

    @Test func `no text stops it`() {
        let pieces = [
            "sum", "(", ")", "[", "]", "{", "}", "\"", "\\", "rate", " by ", "5m", ",", "+", "-",
            "*", "or", "é", "e", "1", ".", "offset", "@",
        ]
        var random = Randomness(seed: 7)
        for _ in 0..<5000 {
            let text = (0..<random.below(12)).map { _ in
                pieces[Int(random.below(UInt64(pieces.count)))]
            }.joined()
            _ = QueryShape(text)
        }
    }

    private static func reading(
        _ query: String,
        isCounter: Bool,
        gives: String? = nil
    ) -> QueryReading {
        let form = gives.flatMap { QueryForm(rawValue: $0) }
        return QueryReading(
            MetricSource(dataSource: "prom", .query(query, gives: form)),
            isCounter: isCounter,
            slice: .seconds(60)
        )
    }

    @Test func `what is assumed is said, and what is doubtful with its remedy`() throws {
        let plain = Self.reading("x_total", isCounter: true)
        #expect(plain.form == .counter && plain.assumption == nil && plain.doubt == nil)

        let rate = Self.reading("sum(rate(x[5m]))", isCounter: false)
        #expect(rate.form == .rate && rate.doubt == nil)
        #expect(rate.assumption == "a rate per second, weighed by the length of each slice")

        let contrary = Self.reading("sum(rate(x[5m]))", isCounter: true)
        #expect(contrary.form == .rate)
        #expect(contrary.doubt?.contains("expected 'counter: false'") == true)

        let sum = Self.reading("sum(x_total)", isCounter: true)
        #expect(sum.form == .counter && sum.isSum)
        #expect(sum.doubt?.contains("expected the counters themselves") == true)

        let wide = Self.reading("increase(x[5m])", isCounter: false)
        #expect(wide.form == .count)
        #expect(wide.doubt?.contains("counts over 5m, and is asked every 1m") == true)
        #expect(Self.reading("increase(x[1m])", isCounter: false).doubt == nil)

        let named = Self.reading("x_total", isCounter: false)
        #expect(named.form == .count && named.doubt?.contains("'counter: true'") == true)

        let unknown = Self.reading("rate(x[5m]) * 60", isCounter: false)
        #expect(unknown.form == .count && unknown.doubt?.contains("gives: counter") == true)
        let told = Self.reading("rate(x[5m]) * 60", isCounter: false, gives: "rate")
        #expect(told.form == .rate && told.assumption == nil && told.doubt == nil)
    }
}
