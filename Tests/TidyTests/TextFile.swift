/// A text file of the repository, by its path from the root.
struct TextFile {
    let path: String
    let text: String
    let lines: [Substring]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The parts of the path.
    var components: [Substring] { path.split(separator: "/") }
    /// The last part of the path, without its extension.
    var baseName: Substring { components.last?.prefix { $0 != "." } ?? "" }

    /// Whether the path is that of `place`, or lies below it.
    func isWithin(_ place: String) -> Bool {
        path == place || path.hasPrefix(place + "/")
    }
}
