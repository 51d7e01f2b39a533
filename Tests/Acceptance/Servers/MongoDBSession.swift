import CMongoc
import Foundation

/// Another program's connection to MongoDB, which knows nothing of ours.
final class MongoDBSession {
    struct Failure: Error, CustomStringConvertible {
        var description: String

        fileprivate init(_ error: bson_error_t) {
            description = withUnsafeBytes(of: error.message) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
        }
    }

    private let client: OpaquePointer?

    init(_ url: String) throws {
        mongoc_init()
        var error = bson_error_t()
        let parsed = mongoc_uri_new_with_error(url, &error)
        defer { mongoc_uri_destroy(parsed) }
        client = mongoc_client_new_from_uri_with_error(parsed, &error)
        guard client != nil else { throw Failure(error) }
        mongoc_client_set_error_api(client, 2)
    }

    deinit { mongoc_client_destroy(client) }

    /// What the server answers to `command`, both as Extended JSON.
    func run(_ command: String, on database: String) throws -> [String: Any] {
        var error = bson_error_t()
        guard let document = bson_new_from_json(command, -1, &error) else { throw Failure(error) }
        defer { bson_destroy(document) }
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: weir_bson_size,
            alignment: weir_bson_alignment
        )
        defer { memory.deallocate() }
        let reply = OpaquePointer(memory)
        let isDone = mongoc_client_command_simple(client, database, document, nil, reply, &error)
        defer { bson_destroy(reply) }
        guard isDone else { throw Failure(error) }
        let json = bson_as_relaxed_extended_json(reply, nil)
        defer { bson_free(json) }
        let text = json.map { String(cString: $0) } ?? "{}"
        return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    }
}
