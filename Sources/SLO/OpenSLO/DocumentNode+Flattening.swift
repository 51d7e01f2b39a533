internal import Documents

extension DocumentNode {
    /// The texts of a tree by their paths: keys, and positions from 0 in lists, joined by points.
    var flattened: [String: String] {
        var result: [String: String] = [:]
        flatten(prefix: "", into: &result)
        return result
    }

    private func flatten(prefix: String, into result: inout [String: String]) {
        func path(_ part: String) -> String { prefix.isEmpty ? part : "\(prefix).\(part)" }
        switch content {
        case .scalar(let text, _):
            if !isNull {
                result[prefix] = text
            }
        case .list(let items):
            for (index, item) in items.enumerated() {
                item.flatten(prefix: path("\(index)"), into: &result)
            }
        case .mapping(let entries):
            for entry in entries {
                entry.value.flatten(prefix: path(entry.key), into: &result)
            }
        case .unreadable: break
        }
    }
}
