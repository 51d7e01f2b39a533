internal import Timekeeping

extension Timestamp {
    /// Where the instants of a history lie: windows that end at any of them stay in the calendar.
    static let historical = Timestamp(seconds: 0)..<Timestamp(seconds: 7_258_118_400)

    /// The instant that is so many seconds after 1970, with up to nine decimals; nil where it is
    /// none, or where no timestamp reaches that far.
    init?(secondsSince1970 seconds: MeasuredNumber?) {
        guard let seconds, seconds.scale <= 9, abs(seconds.digits) < .powerOfTen(19) else {
            return nil
        }
        let nanoseconds = seconds.digits * .powerOfTen(9 - seconds.scale)
        guard (nanoseconds / 1_000_000_000).magnitude < 9_214_646_400 else { return nil }
        self.init(nanoseconds: Int64(nanoseconds))
    }
}
