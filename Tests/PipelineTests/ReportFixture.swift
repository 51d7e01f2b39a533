import Pipeline
import Reports

/// A realistic report, written in the JSON that programs read: the fixture holds its contract.
enum ReportFixture {
    /// The stages and subscriptions of the fixture, and how slow each is.
    private static let stages = [("ingest", 1.0), ("analytics", 2.2)]

    /// The same for the same arguments.
    static func report(samples: Int = 120, seed: UInt64 = 7) throws -> RunReport {
        try RunReport(json: json(samples: samples, seed: seed))
    }

    static func json(samples: Int, seed: UInt64) -> String {
        """
        {
          "schema_version": 1, "pipeline": "storefront", "outcome": "completed",
          "started": "2026-03-01T12:00:00.000Z", "ended": "2026-03-01T12:02:00.214Z",
          "duration_seconds": 120.214,
          "input": {"kind": "log", "stream": "CDNOW_master.txt@69659", "seed": 42,
            "speed": 1000000, "latency_from": "intended send"},
          "rate": {"asked": 600, "profile": "constant 600.0/s", "reached": 580.492,
            "seconds": 120, "late_seconds": 4},
          "producers": [{"name": "shop", "published": 69659,
            "rejected": {"invalid date": 8, "tooManyFields": 5, "negative count": 1},
            "rejections": [\(list(14) {
                "\"CDNOW_master.txt:\(101 + $0 * 977):7: date: no such day '199702\(30 + $0)'\""
            })]}],
          "subscriptions": [\(subscription("ingest", 69_659, 69_655, 4)),
            \(subscription("analytics", 69_659, 69_640, 19))],
          "stages": [\(stage("ingest", "ingest", 0, 3)),
            \(stage("analytics", "analytics", 121, 19))],
          "warehouse": \(warehouse),
          "raw_store": {"store": "sqlite:.weir/raw.sqlite", "events": 69655},
          "samples": [\(sampleList(samples, seed: seed))]
        }
        """
    }

    private static func list(_ count: Int, _ item: (Int) -> String) -> String {
        (0..<count).map(item).joined(separator: ",\n")
    }

    private static func subscription(
        _ name: String,
        _ published: Int,
        _ acked: Int,
        _ dead: Int
    ) -> String {
        """
        {"name": "\(name)", "topic": "events", "published": \(published), "acked": \(acked),
         "outstanding": 0, "backlog": 0, "waiting_to_retry": 0, "dead_lettered": \(dead),
         "expired": 0, "filtered": 0, "shed": 0, "conserved": true, "delivered": 69702,
         "redelivered": 43, "nacked": 39, "expired_deadlines": 4,
         "dead_letters_by_reason": {"emptyTransactionID": \(dead - 1), "too_large": 1}}
        """
    }

    private static func stage(_ name: String, _ kind: String, _ late: Int, _ failed: Int) -> String
    {
        """
        {"name": "\(name)", "kind": "\(kind)", "subscription": "\(name)", "processed": 69655,
         "duplicates": 43, "late": \(late), "failures": {"emptyTransactionID": \(failed)},
         "store_retries": 2,
         "latency": {"count": 69655, "p50_ms": 0.842, "p90_ms": 2.31, "p99_ms": 14.6,
           "p999_ms": 212.4, "max_ms": 1043.2},
         "jobs": {"count": 0}}
        """
    }

    private static var warehouse: String {
        let sales = """
            [{"currency": "USD", "revenue": "2500315.63", "revenue_minor": 250031563,
              "refunded": "0.00", "refunded_minor": 0, "average_order_value": "35.89"}]
            """
        let months = list(30) { index in
            let label = "\(1997 + index / 12)-\(index % 12 < 9 ? "0" : "")\(index % 12 + 1)"
            return """
                {"label": "\(label)", "orders": \(8928 - index * 211),
                 "units": \(19_416 - index * 400), "sales": \(sales),
                 "shoppers": {"count": \(7846 - index * 190), "exact": \(index % 2 == 0)}}
                """
        }
        let products = list(12) {
            """
            {"product": "cd-\($0 * 37 + 11)", "orders": \(900 - $0 * 55),
             "units": \(2100 - $0 * 130), "revenue": "\(31_415 - $0 * 1999).90", "currency": "USD"}
            """
        }
        return """
            {"store": "sqlite:.weir/warehouse.sqlite", "totals": {
              "events": {"purchase": 69659, "view_item": 210404, "add_to_cart": 98112},
              "orders": 69659, "units": 167881, "sales": \(sales),
              "shoppers": {"count": 23570, "exact": true},
              "sessions": {"count": 69120, "exact": false}, "conversion": 0.0432},
             "months": [\(months)], "days": [], "top_products": [\(products)],
             "late_events": 121, "dead_letters": 23}
            """
    }

    // MARK: - Over the run

    /// A steady rate with noise, a stall at two fifths of the run, and a gap at four fifths.
    private static func sampleList(_ count: Int, seed: UInt64) -> String {
        var state = seed
        func chance() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 40) / Double(1 << 24)
        }
        var backlog = 0.0
        return list(count) { index in
            let place = Double(index) / Double(max(count, 1))
            let isStalled = place > 0.4 && place < 0.46
            let isSilent = place > 0.8 && place < 0.84
            let published = isSilent ? 0 : 560 + 40 * chance()
            let taken = isStalled ? 0 : min(published + backlog, 680 + 30 * chance())
            backlog = max(0, backlog + published - taken)
            let parts = stages.map { name, slowness in
                let middle = (0.6 + 0.4 * chance() + backlog / 30) * slowness
                let tail = middle * (9 + 8 * chance())
                let latency =
                    taken > 0
                    ? """
                    , "p50_ms": \(middle), "p99_ms": \(tail), "max_ms": \(tail * (1.3 + chance()))
                    """ : ""
                return "{\"name\": \"\(name)\", \"rate\": \(taken)\(latency)}"
            }
            return """
                {"seconds": \(Double(index + 1) * 120.214 / Double(max(count, 1))),
                 "published_rate": \(published), "stages": [\(parts.joined(separator: ", "))],
                 "backlog": {"ingest": \(Int(backlog)), "analytics": \(Int(backlog * 1.7))}}
                """
        }
    }
}
