internal import Timekeeping

extension Timestamp {
    /// Where the instants of a history lie: windows that end at any of them stay in the calendar.
    static let historical = Timestamp(seconds: 0)..<Timestamp(seconds: 7_258_118_400)

    /// The instant that `text` names in seconds since 1970, with up to nine decimals; nil where it
    /// does not, or where no timestamp reaches that far.
    init?(secondsText text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, let seconds = Int64(parts[0]), seconds > 0, seconds < 9_214_646_400,
            (1...9).contains(parts[1].utf8.count), let fraction = UInt32(parts[1])
        {
            // More digits than an exact decimal holds are still a timestamp.
            let unit = Int64.powerOfTen(9 - parts[1].utf8.count)
            self.init(nanoseconds: seconds * 1_000_000_000 + Int64(fraction) * unit)
            return
        }
        guard let seconds = ExactDecimal(text), seconds.scale <= 9 else { return nil }
        let unit = Int64.powerOfTen(9 - seconds.scale)
        let (nanoseconds, overflow) = seconds.digits.multipliedReportingOverflow(by: unit)
        guard !overflow, (nanoseconds / 1_000_000_000).magnitude < 9_214_646_400 else {
            return nil
        }
        self.init(nanoseconds: nanoseconds)
    }
}
