import Foundation
import GRDB

/// A made-up log of a real shop's shape: several lines an order, discounts, lines without pieces,
/// lines worth nothing, returns, in the order of time.
///
/// Made from a fixed seed, never committed. The sums that are compared with are made by SQL over
/// the same rows, which are read back from the CSV.
struct BasketLog {
    /// How orders and shoppers are called.
    enum Names: String, CaseIterable {
        /// By numbers.
        case short
        /// By texts of the length of a UUID, no two alike.
        case long

        func order(_ number: Int) -> String {
            self == .short ? "\(number)" : "0d4f2a6c-58b1-4e3a-9c7e-\(100_000_000_000 + number)"
        }
    }

    /// The size of a real one.
    static let whole = (baskets: 155_848, lines: 1_500_000)

    let baskets: Int
    let lines: Int
    let csv: String
    private let sums: String
    private let names: Names

    /// Writes `lines` lines of as many baskets as a log of that size has to `folder`.
    init(lines: Int, names: Names = .short, in folder: TestFolder) throws {
        self.lines = lines
        self.names = names
        baskets = max(2, lines * BasketLog.whole.baskets / BasketLog.whole.lines)
        csv = folder.path("baskets.csv")
        sums = folder.path("baskets.sqlite")
        try write()
        try load()
    }

    /// SplitMix64, so that every machine makes the same log.
    private struct Chance {
        var state: UInt64 = 0x5eed

        mutating func below(_ bound: Int) -> Int {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
            return Int((mixed ^ mixed >> 31) % UInt64(bound))
        }
    }

    private func write() throws {
        _ = FileManager.default.createFile(atPath: csv, contents: nil)
        let file = try FileHandle(forWritingTo: URL(filePath: csv))
        var chance = Chance()
        var text = "basket,bought_at,customer,sku,kind,units,total,discount\n"
        var left = lines
        // Two years.
        let step = 63_072_000 / baskets
        for number in 1...baskets {
            let second = 1_704_067_200 + number * step + chance.below(max(1, step / 2))
            let time = BasketLog.time(second)
            let isReturn = chance.below(40) == 0
            let order = "\(isReturn ? "R" : "")\(names.order(500_000 + number))"
            let customer = names.order(10_000 + chance.below(max(2, baskets / 6)))
            let rest = baskets - number
            let average = left / (rest + 1)
            let size = rest == 0 ? left : max(1, min(left - rest, 1 + chance.below(2 * average)))
            left -= size
            for _ in 0..<size {
                let zero = chance.below(50) == 0
                let units = (zero ? 0 : 1 + chance.below(6)) * (isReturn ? -1 : 1)
                let free = chance.below(60) == 0
                let cents = zero || free ? 0 : units * (50 + chance.below(5000)) + chance.below(2)
                let total = isReturn && !zero ? min(cents, 0) : cents
                let discount = free ? 10 : 0
                let sku = 20_000 + chance.below(4000)
                text += "\(order),\(time),\(customer),\(sku),k\(sku % 20),\(units),"
                text += "\(BasketLog.decimal(total)),\(discount).00\n"
            }
            if text.utf8.count > 1 << 20 {
                try file.write(contentsOf: Data(text.utf8))
                text = ""
            }
        }
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    private static func decimal(_ cents: Int) -> String {
        let (whole, rest) = abs(cents).quotientAndRemainder(dividingBy: 100)
        return "\(cents < 0 ? "-" : "")\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }

    private static func time(_ second: Int) -> String {
        Date(timeIntervalSince1970: Double(second)).formatted(.iso8601)
    }

    /// Puts the rows of the CSV, field by field, into a table.
    private func load() throws {
        let queue = try DatabaseQueue(path: sums)
        let text = try String(contentsOfFile: csv, encoding: .utf8)
        // The file is new, and goes with the test.
        try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = OFF") }
        try queue.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE lines (
                        basket TEXT, at TEXT, customer TEXT, sku TEXT, kind TEXT, units INTEGER,
                        total TEXT, discount TEXT)
                    """
            )
            let insert = try database.makeStatement(
                sql: "INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            )
            for row in text.split(separator: "\n").dropFirst() {
                let fields = row.split(separator: ",").map { String($0) }
                try insert.execute(arguments: StatementArguments(fields))
            }
            // What a pipeline that drops lines without pieces counts: an order that has another.
            try database.execute(
                sql: """
                    CREATE TABLE baskets AS SELECT
                        basket, min(at) AS at, min(customer) AS customer, sum(units) AS units,
                        sum(CAST(replace(total, '.', '') AS INTEGER)) AS cents
                    FROM lines GROUP BY basket HAVING sum(units) <> 0
                    """
            )
        }
    }

    /// The rows of a query over `lines` and `baskets`.
    func rows(_ sql: String) throws -> [String] {
        try StoreFile(path: sums).rows(sql)
    }
}
