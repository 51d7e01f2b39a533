import Commerce
import Foundation
import Testing

/// The ways by which a log comes in: as a file, and through a pipe that is written while it is
/// read.
enum LogDoor: String, CaseIterable, CustomTestStringConvertible {
    case file
    case pipe

    var testDescription: String { rawValue }

    /// Everything that `text` says as `format`, with what was rejected.
    func read(
        _ text: String,
        as format: InputFormat,
        mapping: CSVMapping? = nil,
        options: LogOptions = LogOptions()
    ) throws -> (batch: Batch, rejections: [Rejection]) {
        switch self {
        case .file:
            let log = try TemporaryLog(text, name: "shop.log")
            return try read(log.path, format, mapping, options)
        case .pipe:
            let pipe = Pipe()
            let descriptor = pipe.fileHandleForReading.fileDescriptor
            try pipe.fileHandleForWriting.write(contentsOf: Data(text.utf8))
            try pipe.fileHandleForWriting.close()
            return try withExtendedLifetime(pipe) {
                try read("/dev/fd/\(descriptor)", format, mapping, options)
            }
        }
    }

    private func read(
        _ path: String,
        _ format: InputFormat,
        _ mapping: CSVMapping?,
        _ options: LogOptions
    ) throws -> (batch: Batch, rejections: [Rejection]) {
        var source = try openInput(
            path: path,
            format: format,
            mapping: mapping,
            options: options,
            symbols: SymbolTable()
        )
        return try readAll(&source)
    }
}

extension CSVMapping {
    /// Orders by line: what every file of the tests maps, with `change` on top.
    static func orders(
        time: String = "ordered_at",
        user: String = "customer",
        _ change: (inout CSVMapping) -> Void = { _ in }
    ) -> CSVMapping {
        var mapping = CSVMapping(
            time: time,
            timeFormat: .rfc3339,
            user: user,
            name: .constant(.purchase),
            currency: .constant(.usd)
        )
        change(&mapping)
        return mapping
    }
}

extension CSVMapping.TimeFormat {
    /// The format of a pattern that is known to be one.
    init(pattern: String) {
        self = TimePattern(pattern).map(CSVMapping.TimeFormat.pattern) ?? .yyyymmdd
    }
}

/// An event in the words of an expectation: `purchase o1 15.00 x3`.
extension Batch {
    var summary: [String] {
        events.map { event in
            let order = symbols.text(of: event.transaction, in: .order)
            let value = Money(minorUnits: event.value, currency: event.currency).decimal
            let units = items[event.itemRange].reduce(0) { $0 + Int($1.quantity) }
            let part = event.isOrderPart ? " part" : ""
            return "\(event.name.ga4) \(order) \(value) x\(units)\(part)"
        }
    }

    /// The same without the orders, which a log without a column for them names by itself.
    var sales: [String] {
        summary.map { text in
            let words = text.split(separator: " ")
            return ([words[0]] + words.dropFirst(2)).joined(separator: " ")
        }
    }
}
