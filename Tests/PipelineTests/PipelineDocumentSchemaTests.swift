import Documents
import Experiments
import Foundation
import Pipeline
import Testing

/// The published JSON Schemas and the readers know the same keys.
@Suite struct PipelineDocumentSchemaTests {
    static let files = [
        ("pipeline.schema.json", PipelineKeys.all), ("scenario.schema.json", ScenarioKeys.all),
    ]

    private static func definitions(of file: String) throws -> [String: Any] {
        let data = try Data(contentsOf: shippedFile(file))
        let schema = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
        #expect(schema["$ref"] as? String == "#/$defs/document")
        return try #require(schema["$defs"] as? [String: Any])
    }

    @Test(arguments: files)
    func `schema and reader know the same keys`(file: String, all: [KeySet]) throws {
        let definitions = try Self.definitions(of: file)
        for keys in all {
            try compare(keys, definitions)
        }
    }

    private func compare(_ keys: KeySet, _ definitions: [String: Any]) throws {
        let definition = try #require(definitions[keys.name] as? [String: Any])
        let properties = try #require(definition["properties"] as? [String: Any])
        let required = definition["required"] as? [String] ?? []
        #expect(properties.keys.sorted() == keys.keys.sorted())
        #expect(required.sorted() == keys.required.sorted())
        #expect(definition["additionalProperties"] as? Bool == false)
        #expect(definition["description"] is String)
    }

    @Test(arguments: files)
    func `the schema has no mapping that no reader knows`(file: String, all: [KeySet]) throws {
        let definitions = try Self.definitions(of: file)
        let mappings = definitions.keys.filter {
            (definitions[$0] as? [String: Any])?["properties"] != nil
        }
        #expect(mappings.sorted() == all.map(\.name).sorted())
    }

    @Test(arguments: files.map(\.0))
    func `every reference of the schema leads somewhere`(file: String) throws {
        let definitions = try Self.definitions(of: file)
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

    @Test func `the schema of scenarios has every kind of fault`() throws {
        let definitions = try Self.definitions(of: "scenario.schema.json")
        let kinds = (definitions["kind"] as? [String: Any])?["enum"] as? [String]
        #expect(kinds == FaultKind.allCases.map(\.rawValue))
    }

    @Test func `the shipped pipeline names its schema`() throws {
        let text = try String(contentsOf: shippedFile("storefront.yaml"), encoding: .utf8)
        #expect(text.hasPrefix("# yaml-language-server: $schema=pipeline.schema.json\n"))
    }
}
