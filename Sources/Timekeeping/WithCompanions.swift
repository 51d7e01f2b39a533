/// Runs `body` with `companions` beside it, as children of the same task, and gives what it gives.
///
/// They are cancelled when `body` ends; one that ends before leaves it running.
///
/// - Throws: What `body` throws, or a companion that fails before `body` has ended.
package func withCompanions<Value: Sendable>(
    _ companions: @Sendable () async throws -> Void...,
    body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        for companion in companions {
            group.addTask {
                do { try await companion() } catch is CancellationError {}
                return nil
            }
        }
        defer { group.cancelAll() }
        while let ended = try await group.next() {
            if let value = ended { return value }
        }
        throw CancellationError()
    }
}
