internal import Documents

/// Finds the circles of a directed graph whose edges stand in a document.
struct CycleSearch {
    /// A thicket has more circles than anyone wants to read; cutting these cuts others.
    static let maximumCycles = 20
    private struct Edge {
        var target: Int
        var label: String?
        var place: DocumentPlace
    }

    private var names: [String] = []
    private var indices: [String: Int] = [:]
    private var edges: [[Edge]] = []

    /// Adds an edge, which `place` names in the document and `label` in a path.
    mutating func connect(
        _ source: String,
        to target: String,
        through label: String?,
        at place: DocumentPlace
    ) {
        let from = index(of: source)
        let edge = Edge(target: index(of: target), label: label, place: place)
        edges[from].append(edge)
    }

    private mutating func index(of name: String) -> Int {
        if let index = indices[name] { return index }
        indices[name] = names.count
        names.append(name)
        edges.append([])
        return names.count - 1
    }

    /// One path for each edge that closes a circle, from its node back to it, in the order in
    /// which edges were added.
    ///
    /// A depth-first search with a stack of its own: a document may hold a long chain.
    func cycles() -> [(path: [String], place: DocumentPlace)] {
        var found: [(path: [String], place: DocumentPlace)] = []
        var isDone = [Bool](repeating: false, count: names.count)
        for root in names.indices where !isDone[root] && found.count < Self.maximumCycles {
            // The nodes from the root to here, and how far each one's edges are looked at.
            var trail: [(node: Int, next: Int)] = [(root, 0)]
            var depths: [Int: Int] = [root: 0]
            while let top = trail.last, found.count < Self.maximumCycles {
                guard top.next < edges[top.node].count else {
                    isDone[top.node] = true
                    depths[top.node] = nil
                    trail.removeLast()
                    continue
                }
                let edge = edges[top.node][top.next]
                trail[trail.count - 1].next += 1
                if let depth = depths[edge.target] {
                    found.append((path(of: trail[depth...]), edge.place))
                } else if !isDone[edge.target] {
                    depths[edge.target] = trail.count
                    trail.append((edge.target, 0))
                }
            }
        }
        return found
    }

    private func path(of trail: ArraySlice<(node: Int, next: Int)>) -> [String] {
        var path: [String] = []
        for (node, next) in trail {
            path.append(names[node])
            // The edge that was taken is the one before the next.
            if let label = edges[node][next - 1].label {
                path.append(label)
            }
        }
        if let first = trail.first {
            path.append(names[first.node])
        }
        return path
    }
}
