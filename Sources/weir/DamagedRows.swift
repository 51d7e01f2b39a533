internal import Storage

/// The rows of stores that the command could not read, and left out.
enum DamagedRows {
    /// Where every store that the command opens notes them.
    static let all = DamagedValues()

    /// Tells them on standard error, and forgets them.
    ///
    /// - Returns: Whether there were any.
    static func tell() -> Bool {
        let (first, count) = all.drain()
        for error in first { Terminal.message("damaged: \(error)") }
        if count > first.count {
            Terminal.message("damaged: … and \(count - first.count) more rows")
        }
        if count > 0 {
            Terminal.message(
                "weir: \(count) damaged \(count == 1 ? "row is" : "rows are") left out of what is "
                    + "said above"
            )
        }
        return count > 0
    }
}
