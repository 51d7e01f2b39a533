internal import CMongoc
import Foundation

/// Another program's connection to a server, which knows nothing of ours.
package final class MongoDBSession {
    package struct Failure: Error, CustomStringConvertible {
        package var code: UInt32
        package var description: String
    }

    private let client: OpaquePointer

    package init(_ url: String) throws {
        mongoc_init()
        var error = bson_error_t()
        let parsed = mongoc_uri_new_with_error(url, &error)
        defer { mongoc_uri_destroy(parsed) }
        guard let parsed, let client = mongoc_client_new_from_uri_with_error(parsed, &error) else {
            throw Failure(code: error.code, description: MongoDBSession.text(error))
        }
        self.client = client
        mongoc_client_set_error_api(client, 2)
    }

    deinit {
        mongoc_client_destroy(client)
    }

    /// How Extended JSON writes numbers and dates.
    package enum Form {
        /// As JSON has them, as far as it does.
        case plain
        /// As objects that name their BSON types.
        case typed
    }

    /// What the server answers to `command`, both as Extended JSON.
    package func run(
        _ command: String,
        on database: String,
        _ form: Form = .plain
    ) throws -> [String: Any] {
        var error = bson_error_t()
        guard let document = bson_new_from_json(command, -1, &error) else {
            throw Failure(code: error.code, description: MongoDBSession.text(error))
        }
        defer { bson_destroy(document) }
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: weir_bson_size,
            alignment: weir_bson_alignment
        )
        defer { memory.deallocate() }
        let reply = OpaquePointer(memory)
        let isDone = mongoc_client_command_simple(client, database, document, nil, reply, &error)
        defer { bson_destroy(reply) }
        guard isDone else {
            throw Failure(code: error.code, description: MongoDBSession.text(error))
        }
        let json =
            form == .plain
            ? bson_as_relaxed_extended_json(reply, nil)
            : bson_as_canonical_extended_json(reply, nil)
        defer { bson_free(json) }
        let text = json.map { String(cString: $0) } ?? "{}"
        return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    }

    private static func text(_ error: bson_error_t) -> String {
        withUnsafeBytes(of: error.message) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
