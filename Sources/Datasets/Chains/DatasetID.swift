/// What a catalogue calls a dataset: its kind and its name, such as `root/events`.
package struct DatasetID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    /// The id that a catalogue has stored as `text`.
    package init(_ text: String) {
        self.text = text
    }

    /// The id of the dataset of this kind and name.
    package init(_ kind: DatasetKind, _ name: String) {
        text = "\(kind.rawValue)/\(name)"
    }

    package var description: String { text }

    package static func < (left: DatasetID, right: DatasetID) -> Bool { left.text < right.text }
}

/// Where the data of a dataset comes from.
package enum DatasetKind: String, Hashable, Sendable, CaseIterable {
    /// From outside: the raw events of a topic.
    case root
    /// From other datasets: what analytics counts.
    case derivative
}
