internal import ArgumentParser
internal import Pipeline

/// `--max-rejected`: how many records of a log may be rejected, as a number or a share of all.
enum RejectionLimit: ExpressibleByArgument {
    case count(Int64)
    /// In percent of the records that were read.
    case share(Double)

    init?(argument: String) {
        if argument.hasSuffix("%") {
            guard let percent = Double(argument.dropLast()), (0...100).contains(percent) else {
                return nil
            }
            self = .share(percent)
        } else {
            guard let count = Int64(argument), count >= 0 else { return nil }
            self = .count(count)
        }
    }

    /// Why the log of `report` is no good one; nil where it is.
    ///
    /// Without a `limit` it is one as long as anything could be read.
    static func refusal(of report: RunReport, beyond limit: RejectionLimit?) -> String? {
        let rejected = report.producers.reduce(0) { $0 + $1.rejected.values.reduce(0, +) }
        let read = report.producers.reduce(0) { $0 + ($1.records ?? 0) }
        guard rejected > 0 else { return nil }
        let all = "\(rejected) of \(rejected + read) records of the input were rejected"
        if read == 0 {
            return "nothing could be read: \(all); is it of another format?"
        }
        switch limit {
        case nil: return nil
        case .count(let most): return rejected > most ? "\(all), more than \(most)" : nil
        case .share(let percent):
            let isBeyond = Double(rejected) * 100 > percent * Double(rejected + read)
            return isBeyond ? "\(all), more than \(percent)%" : nil
        }
    }
}
