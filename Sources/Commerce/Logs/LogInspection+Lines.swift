/// Lines of JSON, looked at as if they were a table.
extension LogInspection {
    /// The most values of a line that are looked at.
    private static let columnLimit = 200

    /// Looks at the `lines` of a file.
    package init(lines: [JSONTree]) {
        var columns = LineColumns()
        let places = lines.map { line -> [Int: String] in
            var values: [Int: String] = [:]
            columns.take(line, at: "", into: &values, limit: LogInspection.columnLimit)
            return values
        }
        let header = columns.names
        let form: Form =
            if ["/specversion", "/type"].allSatisfy(header.contains) {
                .cloudEvents
            } else if ["/event_timestamp", "/event_name"].allSatisfy(header.contains) {
                .ga4Export
            } else {
                .lines(items: columns.items)
            }
        let rows = places.map { values in header.indices.map { values[$0] ?? "" } }
        self.init(header: header, rows: rows, form: form)
    }

    /// How the lines are read; nil for a table, and for CloudEvents.
    package var lines: NDJSONMapping? {
        guard case .lines(let items) = form else { return form == .ga4Export ? .ga4Export : nil }
        func at(_ column: String?) -> NDJSONMapping.Places {
            column.flatMap { NDJSONMapping.Pointer(withoutItems($0)) }.map { [$0] } ?? []
        }
        var lines = NDJSONMapping(
            time: at(mapping.time),
            timeFormat: mapping.timeFormat,
            name: [],
            user: at(mapping.user)
        )
        switch mapping.name {
        case .column(let column): lines.name = at(column)
        case .constant(let name): lines.eventName = name
        }
        lines.names = mapping.names
        lines.id = at(mapping.id)
        lines.session = at(mapping.session)
        lines.transaction = at(mapping.transaction)
        switch mapping.currency {
        case .column(let column): lines.currency = at(column)
        case .constant(let currency): lines.currencyCode = currency
        }
        switch mapping.amount {
        case .price(let column): lines.price = at(column)
        case .value(let column): lines.value = at(column)
        case nil: break
        }
        if isRead(in: items) { lines.items = at(items) }
        lines.product = at(mapping.product)
        lines.category = at(mapping.category)
        lines.quantity = at(mapping.quantity)
        lines.absent = [""]
        return lines
    }

    /// The guess as the `input:` of a pipeline file.
    var linesYAML: String {
        guard case .lines(let items) = form else { return "" }
        // What only a table has: numbers of JSON are written in one way.
        var keys = keys.filter { !["decimal", "thousands"].contains($0.key) }
        if let items, isRead(in: items) {
            let place = keys.firstIndex {
                ["product", "category", "quantity", "price"].contains($0.key)
            }
            keys.insert(("items", LogInspection.scalar(items)), at: place ?? keys.endIndex)
        }
        let lines = ["spec:", "  input:", "    json:", "      fields:"] + mappingLines(keys)
        return lines.joined(separator: "\n") + "\n"
    }

    private func isRead(in items: String?) -> Bool {
        guard let items else { return false }
        var columns = [mapping.product, mapping.category, mapping.quantity]
        if case .price(let column) = mapping.amount { columns.append(column) }
        return columns.contains { $0?.hasPrefix(items + "/*/") == true }
    }

    /// The column or pointer `column`; of one in an item, as it is in there.
    func withoutItems(_ column: String) -> String {
        guard case .lines(let items?) = form, column.hasPrefix(items + "/*/") else { return column }
        return String(column.dropFirst(items.count + 2))
    }
}

/// The single values that lines of JSON have, by their pointers.
private struct LineColumns {
    private(set) var names: [String] = []
    /// Where the items are: the first array of objects that was met.
    private(set) var items: String?
    private var places: [String: Int] = [:]

    /// Notes the values of `tree`, which lies at `pointer`, by the places of their columns.
    mutating func take(
        _ tree: JSONTree,
        at pointer: String,
        into values: inout [Int: String],
        limit: Int
    ) {
        switch tree {
        case .scalar:
            guard !tree.isNull, let place = place(of: pointer, limit) else { return }
            values[place] = tree.text ?? tree.json
        case .object(let members):
            for member in members {
                let key = member.key.replacing("~", with: "~0").replacing("/", with: "~1")
                take(member.value, at: "\(pointer)/\(key)", into: &values, limit: limit)
            }
        case .array(let elements):
            guard let first = elements.first, first.isObject, items == nil || items == pointer,
                !pointer.contains("/*")
            else { return }
            items = pointer
            take(first, at: pointer + "/*", into: &values, limit: limit)
        }
    }

    private mutating func place(of pointer: String, _ limit: Int) -> Int? {
        if let place = places[pointer] { return place }
        guard names.count < limit else { return nil }
        places[pointer] = names.count
        names.append(pointer)
        return names.count - 1
    }
}
