import GRDB
import Timekeeping

/// What another program may write where this one expects something else, as SQLite's SQL.
enum HostileValue {
    static func sqlite(_ chance: inout Randomness) -> String {
        let integers = [
            "-9223372036854775808", "9223372036854775807", "9223372036854775806",
            "-9223372036854775807", "-1", "0", "1", "2", "4611686018427387904",
            "-4611686018427387905", "1000000000000000000", "9223372036000000000",
            "-9223372036000000000", "2147483648", "4294967296", "86400000000000", "60000000000",
        ]
        let others = [
            "1.5", "-0.25", "9e999", "-9e999", "1e300", "9.3e18", "NULL", "''", "'abc'", "'-'",
            "'9223372036854775808'", "'1'", "CAST(x'00' AS TEXT)", "CAST(x'610062' AS TEXT)",
            "CAST(x'ff41c3' AS TEXT)", "CAST(x'eda080' AS TEXT)", "x''", "x'00'", "zeroblob(31)",
            "zeroblob(33)", "zeroblob(7)", "randomblob(9)", "zeroblob(300000)",
            "printf('%.*c', 300000, 'x')", "'{\"specversion\":\"1.0\"}'", "'1h'", "'1mo'",
            "'shoppers'", "'Seed'", "'derivative'", "'USD'", "'\u{1b}[2J'", "'\u{202e}'",
        ]
        if chance.below(2) == 0 { return integers[Int(chance.below(UInt64(integers.count)))] }
        return others[Int(chance.below(UInt64(others.count)))]
    }
}

extension HostileValue {
    private static let extremes = [
        "-9223372036854775808", "9223372036854775807", "9223372036854775806", "-1", "0", "1",
        "4611686018427387904", "1000000000000000000", "-4611686018427387905", "86400000000000",
        "NULL",
    ]

    /// A value of a type, as PostgreSQL's SQL.
    static func postgreSQL(_ type: String, _ chance: inout Randomness) -> String {
        switch type {
        case "bigint": chance.one(of: extremes)
        case "bytea":
            chance.one(of: [
                "''", "'\\x00'", "decode(repeat('41', 31), 'hex')",
                "decode(repeat('41', 33), 'hex')",
                "decode(repeat('41', 300001), 'hex')", "NULL",
            ])
        case "uuid":
            chance.one(of: [
                "'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
                "NULL",
            ])
        default:
            chance.one(of: [
                "''", "'abc'", "'1h'", "'1mo'", "'Seed'", "'derivative'", "'shoppers'", "'USD'",
                "repeat('x', 2000)", "E'\\u202e\\u0001'", "E'\\x1b[2J'", "'-'", "NULL",
            ])
        }
    }

    /// A value of any type, as Extended JSON.
    static func mongoDB(_ chance: inout Randomness) -> String {
        chance.one(
            of: extremes.dropLast().map { #"{"$numberLong": "\#($0)"}"# } + [
                "null", "true", "1.5", "-0.25", "1e300", #"{"$numberDouble": "NaN"}"#,
                #"{"$numberDouble": "Infinity"}"#, #"{"$date": {"$numberLong": "1"}}"#,
                #"{"$date": {"$numberLong": "9223372036854775807"}}"#, "[]", "{}", "[1]",
                #"{"a": {"b": 1}}"#, "\"\"", "\"abc\"", #""\u0000""#, #""a\u0000b""#,
                #"{"$binary": {"base64": "/w==", "subType": "00"}}"#, #"{"$minKey": 1}"#,
                #"{"$maxKey": 1}"#, #"{"$oid": "000000000000000000000000"}"#,
                "\"\(String(repeating: "x", count: 300_000))\"",
            ]
        )
    }
}

extension Randomness {
    /// One of `values`.
    mutating func one<Value>(of values: [Value]) -> Value {
        values[Int(below(UInt64(values.count)))]
    }

    /// A number below `bound`; 0 where that is 0.
    mutating func index(_ bound: Int) -> Int {
        bound > 0 ? Int(below(UInt64(bound))) : 0
    }
}
