import Documents
import Foundation
import Pipeline
import Testing

/// The published JSON Schema and the readers know the same keys.
@Suite struct PipelineDocumentSchemaTests {
    private let definitions: [String: Any]

    init() throws {
        let data = try Data(contentsOf: shippedFile("pipeline.schema.json"))
        let schema = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        definitions = try #require(schema["$defs"] as? [String: Any])
        #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
        #expect(schema["$ref"] as? String == "#/$defs/document")
    }

    @Test(arguments: PipelineKeys.all)
    func `schema and reader know the same keys`(keys: KeySet) throws {
        let definition = try #require(definitions[keys.name] as? [String: Any])
        let properties = try #require(definition["properties"] as? [String: Any])
        let required = definition["required"] as? [String] ?? []
        #expect(properties.keys.sorted() == keys.keys.sorted())
        #expect(required.sorted() == keys.required.sorted())
        #expect(definition["additionalProperties"] as? Bool == false)
        #expect(definition["description"] is String)
    }

    @Test func `the schema has no mapping that no reader knows`() {
        let mappings = definitions.keys.filter {
            (definitions[$0] as? [String: Any])?["properties"] != nil
        }
        #expect(mappings.sorted() == PipelineKeys.all.map(\.name).sorted())
    }

    @Test func `every reference of the schema leads somewhere`() {
        var targets: [String] = []
        func collect(_ value: Any) {
            if let mapping = value as? [String: Any] {
                if let target = mapping["$ref"] as? String {
                    targets.append(target)
                }
                mapping.values.forEach(collect)
            } else if let list = value as? [Any] {
                list.forEach(collect)
            }
        }
        collect(definitions)
        #expect(!targets.isEmpty)
        for target in Set(targets).sorted() {
            #expect(definitions[String(target.dropFirst("#/$defs/".count))] != nil, "\(target)")
        }
    }

    @Test func `the shipped pipeline names its schema`() throws {
        let text = try String(contentsOf: shippedFile("storefront.yaml"), encoding: .utf8)
        #expect(text.hasPrefix("# yaml-language-server: $schema=pipeline.schema.json\n"))
    }
}
