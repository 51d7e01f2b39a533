internal import Timekeeping

/// Pieces of Prometheus's language, written so that Prometheus takes them as they are meant.
enum PromQL {
    /// `text` as a string of PromQL.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// A duration in one unit where that is possible, as windows are named: `5m`, `3d`.
    static func duration(_ duration: Duration) -> String {
        var rest = duration.inNanoseconds / 1_000_000
        var text = ""
        let units: [(name: String, milliseconds: Int64)] = [
            ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
        ]
        if let unit = units.first(where: { rest % $0.milliseconds == 0 }) {
            return "\(rest / unit.milliseconds)\(unit.name)"
        }
        for unit in units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text
    }
}
