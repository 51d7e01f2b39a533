/// Numbers of bytes as documents write them: `64MiB`, `1.5GB`, `1000000`, `64M`.
package enum ByteCountText {
    private static let units: [(name: String, bytes: Int64)] = [
        ("B", 1),
        ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    /// The number that `text` names, or nil where it names none.
    package static func parse(_ text: String) -> Int? {
        if let plain = Quantity(text) { return plain.whole().map(Int.init) }
        guard let (number, rest) = Quantity.leading(Substring(text)),
            let unit = units.first(where: { $0.name == rest })
        else { return nil }
        return number.whole(times: unit.bytes).map(Int.init)
    }

    /// The number in its largest unit of two's powers that leaves a whole number: `256MiB`.
    package static func write(_ count: Int) -> String {
        let unit = units.last { $0.name.contains("i") && count % Int($0.bytes) == 0 }
        guard count != 0, let unit else { return "\(count)B" }
        return "\(count / Int(unit.bytes))\(unit.name)"
    }
}
