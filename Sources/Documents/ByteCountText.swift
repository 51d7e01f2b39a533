/// Numbers of bytes as documents write them: `64MiB`, `1GB`, `1000000`.
package enum ByteCountText {
    private static let units: [(name: String, bytes: Int)] = [
        ("", 1), ("B", 1),
        ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    /// The number that `text` names, or nil where it names none.
    package static func parse(_ text: String) -> Int? {
        let number = text.prefix { $0.isASCII && $0.isNumber }
        guard let unit = units.first(where: { $0.name == text[number.endIndex...] }),
            let count = Int(number)
        else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
        return overflow ? nil : bytes
    }
}
