import Testing

/// A record of a log that no event can be made of, between two that are sound.
struct BadRecord: CustomTestStringConvertible, Sendable {
    let title: String
    /// The name tells the format.
    let file: String
    /// Without its line end.
    let bytes: [UInt8]
    /// The class it is counted under.
    let reason: String
    /// What standard error must say, each as it stands.
    let fragments: [String]

    var testDescription: String { "\(file): \(title)" }

    static func csv(
        _ title: String,
        _ bytes: some Sequence<UInt8>,
        _ reason: String,
        _ fragments: String...
    ) -> BadRecord {
        BadRecord(
            title: title,
            file: "orders.csv",
            bytes: Array(bytes),
            reason: reason,
            fragments: fragments
        )
    }

    static func ndjson(
        _ title: String,
        _ text: String,
        _ reason: String,
        _ fragments: String...
    ) -> BadRecord {
        // What the text has as its line end is the file's to add.
        let bytes = Array(text.utf8)
        return BadRecord(
            title: title,
            file: "events.ndjson",
            bytes: bytes.last == 0x0a ? bytes.dropLast() : bytes,
            reason: reason,
            fragments: fragments
        )
    }

    static func cdnow(
        _ title: String,
        _ text: String,
        _ reason: String,
        _ fragments: String...
    ) -> BadRecord {
        BadRecord(
            title: title,
            file: "CDNOW_part.txt",
            bytes: Array(text.utf8),
            reason: reason,
            fragments: fragments
        )
    }

    /// The whole log: a sound record, the bad one, and another sound one, each of one order.
    var log: [UInt8] {
        switch file {
        case "orders.csv":
            Array("at,customer,order,units,total\r\n2024-01-01T00:00:00Z,ann,o1,1,10.00\r\n".utf8)
                + bytes + Array("\r\n2024-01-01T00:00:09Z,bob,o9,2,20.00\r\n".utf8)
        case "events.ndjson":
            Array(ShopLog.line(id: "first", transaction: "t1", cents: 1000).utf8)
                + bytes + [0x0a]
                + Array(ShopLog.line(id: "last", transaction: "t9", cents: 2000).utf8)
        default:
            Array(" 00001 19970101  1   10.00\r\n".utf8)
                + bytes + Array("\r\n 00002 19970112  2   20.00\r\n".utf8)
        }
    }
}

extension BadRecord {
    static let all: [BadRecord] = csvRecords + ndjsonRecords + cdnowRecords

    private static let csvRecords: [BadRecord] = [
        .csv(
            "a bad date",
            "2024-13-01T00:00:00Z,ann,o2,1,10.00".utf8,
            "bad-date",
            "orders.csv:3:1: at: \"2024-13-01T00:00:00Z\" is not a time; expected RFC 3339"
        ),
        .csv(
            "a negative count",
            "2024-01-01T00:00:02Z,ann,o3,-2,10.00".utf8,
            "negative-count",
            "orders.csv:3:29: units: -2 is negative"
        ),
        .csv(
            "a count that is no number",
            "2024-01-01T00:00:02Z,ann,o3,two,10.00".utf8,
            "bad-count",
            "orders.csv:3:29: units: \"two\" is not a count"
        ),
        .csv(
            "money with too many decimals",
            "2024-01-01T00:00:02Z,ann,o3,1,10.0055".utf8,
            "bad-money",
            "orders.csv:3:31: total: \"10.0055\" is not an amount of USD"
        ),
        .csv(
            "too many fields",
            "2024-01-01T00:00:03Z,ann,o4,1,10.00,more".utf8,
            "too-many-fields",
            "orders.csv:3:37: the row has 6 fields, the header 5"
        ),
        .csv(
            "too few fields",
            "2024-01-01T00:00:03Z,ann,o4".utf8,
            "too-few-fields",
            "orders.csv:3: the row has 3 fields, the header 5"
        ),
        .csv(
            "a line of 10 MB",
            Array("2024-01-01T00:00:04Z,".utf8) + Array(repeating: 0x61, count: 10_000_000)
                + Array(",o5,1,10.00".utf8),
            "too-large",
            "orders.csv:3: the line has 10000032 bytes; the most that is read is 1048576"
        ),
        .csv(
            "invalid UTF-8",
            Array("2024-01-01T00:00:05Z,".utf8) + [0xff, 0xfe] + Array(",o6,1,10.00".utf8),
            "invalid-utf8",
            "orders.csv:3:22: bytes that are not UTF-8; convert the file to UTF-8"
        ),
        .csv(
            "a NUL byte",
            "2024-01-01T00:00:06Z,a\u{0}b,o7,1,10.00".utf8,
            "nul-byte",
            "orders.csv:3:23: a NUL byte"
        ),
    ]

    private static let ndjsonRecords: [BadRecord] = [
        .ndjson(
            "an event over 1 MiB",
            ShopLog.line(id: "big", transaction: String(repeating: "t", count: 1 << 20)),
            "too-large",
            "events.ndjson:2: the line has",
            "the most that is read is 1048576"
        ),
        .ndjson("no JSON", "{nope", "not-json", "events.ndjson:2:2: not JSON"),
        .ndjson(
            "no source",
            ShopLog.line(id: "a", transaction: "t").replacing(
                "\"source\":\"/shop/web\",",
                with: ""
            ),
            "missing-field",
            "events.ndjson:2: source: the attribute is missing"
        ),
        .ndjson(
            "a time that is none",
            ShopLog.line(id: "a", time: "yesterday", transaction: "t"),
            "bad-date",
            "events.ndjson:2:",
            "time: \"yesterday\" is not a time; expected RFC 3339"
        ),
        .ndjson(
            "an event of an unknown name",
            ShopLog.line(id: "a", name: "purchse", transaction: "t"),
            "unknown-event",
            "events.ndjson:2:",
            "purchse",
            "purchase"
        ),
        .ndjson(
            "a quantity that is a text",
            ShopLog.line(id: "a", transaction: "t")
                .replacing("\"quantity\":1", with: "\"quantity\":\"1\""),
            "wrong-type",
            "events.ndjson:2:",
            "data.items[0].quantity"
        ),
    ]

    private static let cdnowRecords: [BadRecord] = [
        .cdnow(
            "a bad date",
            " 00001 19971301  1   10.00",
            "bad-date",
            "CDNOW_part.txt:2:8: date: \"19971301\" is not a day"
        ),
        .cdnow(
            "a negative count",
            " 00001 19970101 -1   10.00",
            "negative-count",
            "CDNOW_part.txt:2:17: number_of_cds: -1 is negative"
        ),
        .cdnow(
            "too many fields",
            " 00001 19970101  1   10.00 more",
            "too-many-fields",
            "CDNOW_part.txt:2:28: the row has more than 4 fields"
        ),
    ]
}
