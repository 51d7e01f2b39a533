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
