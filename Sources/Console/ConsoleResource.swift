/// A path of a console that is answered in time of its own: from a store, or by a run.
package struct ConsoleResource: Sendable {
    /// The names and values of the query of a request, in their order.
    package typealias Fields = [(name: String, value: String)]

    /// Without a query.
    package let path: String
    /// Whether asking changes something: it is asked by POST then, and not from a page of another
    /// origin.
    package let isChange: Bool
    package let answer: @Sendable (Fields) async -> ConsoleAnswer

    package init(
        _ path: String,
        isChange: Bool = false,
        answer: @escaping @Sendable (Fields) async -> ConsoleAnswer
    ) {
        self.path = path
        self.isChange = isChange
        self.answer = answer
    }

    var methods: [String] { isChange ? ["POST"] : ["GET", "HEAD"] }
}
