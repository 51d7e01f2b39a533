internal import Commerce
internal import FoundationEssentials
internal import SQLiteStores
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
        for flaw in first { Terminal.message("damaged: \(flaw)") }
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

extension SQLiteLocation {
    /// Holds a command that reads to what is there: it makes nothing.
    ///
    /// - Throws: `InputError` where there is no file, or an empty one, which SQLite takes for a
    ///   database in which nothing could offend.
    func expectFile(_ what: String) throws(InputError) {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let attributes else {
            throw InputError(
                .notFound,
                "there is no \(what) at \(path); expected one that 'weir run' has made"
            )
        }
        guard attributes[.size] as? Int != 0 else {
            throw InputError(
                .notFound,
                "\(path) is empty; expected a \(what) that 'weir run' has made"
            )
        }
    }
}
