/// An event as it is sent: a CloudEvent.
package struct TrackedEvent: Sendable {
    /// A UUID of version 7, by which a repetition is recognised.
    package var id: String
    package var name: String
    package var source: String
    /// Milliseconds since 1970.
    package var time: Int64
    package var correlationID: String?
    package var traceparent: String?
    package var values: [String: TrackedValue]

    package init(
        id: String,
        name: String,
        source: String,
        time: Int64,
        correlationID: String? = nil,
        traceparent: String? = nil,
        values: [String: TrackedValue] = [:]
    ) {
        self.id = id
        self.name = name
        self.source = source
        self.time = time
        self.correlationID = correlationID
        self.traceparent = traceparent
        self.values = values
    }

    /// The event as JSON, its values in the order of their names.
    package var json: [UInt8] {
        var json: [UInt8] = []
        var separator = "{"
        let attributes = [
            ("specversion", "1.0"), ("id", id), ("source", source), ("type", name),
            ("time", TrackedEvent.text(ofTime: time)), ("datacontenttype", "application/json"),
            ("correlationid", correlationID), ("traceparent", traceparent),
        ]
        for case (let name, let value?) in attributes {
            json += Array(separator.utf8)
            json.append(text: name)
            json.append(UInt8(ascii: ":"))
            json.append(text: value)
            separator = ","
        }
        json += Array(",\"data\":{".utf8)
        separator = ""
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            json += Array(separator.utf8)
            json.append(text: name)
            json.append(UInt8(ascii: ":"))
            value.append(to: &json)
            separator = ","
        }
        json += Array("}}".utf8)
        return json
    }

    /// A UUID of version 7 for `time`, which `first` and `second` tell from all others.
    package static func id(at time: Int64, _ first: UInt64, _ second: UInt64) -> String {
        let high = UInt64(clamping: time) << 16 | 0x7000 | first & 0x0fff
        let low = 0x8000_0000_0000_0000 | second >> 2
        let digits = hexadecimal(high) + hexadecimal(low)
        var id = ""
        for (place, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(place) { id.append("-") }
            id.append(digit)
        }
        return id
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// `time` as RFC 3339 has it, with milliseconds.
    package static func text(ofTime time: Int64) -> String {
        let (days, rest) = (time.floored(by: 86_400_000), time.modulo(86_400_000))
        // Counted in the years that begin in March, so that a leap day is a year's last.
        let shifted = days + 719_468
        let era = shifted.floored(by: 146_097)
        let dayOfEra = shifted.modulo(146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let seconds = rest / 1000
        let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }
        return "\(date)T\(clock.joined(separator: ":")).\(padded(rest % 1000, 3))Z"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension Int64 {
    fileprivate func floored(by divisor: Int64) -> Int64 {
        self / divisor - (self % divisor < 0 ? 1 : 0)
    }

    fileprivate func modulo(_ divisor: Int64) -> Int64 {
        let rest = self % divisor
        return rest < 0 ? rest + divisor : rest
    }
}
