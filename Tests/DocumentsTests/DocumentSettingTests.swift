import Documents
import Testing

/// Values that take the place of what a document says.
struct DocumentSettingTests {
    private static let text = """
        spec:
          stages:
            - {name: ingest, batch: 7}
            - {name: analytics}
          load: {rate: 10}
        """

    private static func value(
        _ setting: String,
        at path: [String]
    ) throws -> String? {
        let log = MistakeLog(file: "test.yaml")
        let root = try #require(DocumentLoader.load(text, log: log))
        var node = try root.with(try #require(DocumentSetting(setting)))
        for step in path {
            switch node.content {
            case .mapping(let entries):
                node = try #require(entries.first { $0.key == step }?.value)
            case .list(let items): node = items[try #require(Int(step))]
            default: return nil
            }
        }
        guard case .scalar(let text, _) = node.content else { return node.summary }
        return text
    }

    @Test(
        arguments: [
            ("spec.load.rate=20", ["spec", "load", "rate"], "20"),
            ("spec.stages.ingest.batch=64", ["spec", "stages", "0", "batch"], "64"),
            ("spec.stages.1.batch=64", ["spec", "stages", "1", "batch"], "64"),
            (
                "spec.stages.analytics.windows=[1m, 1d]", ["spec", "stages", "1", "windows", "1"],
                "1d"
            ),
            ("spec.traffic.users=5", ["spec", "traffic", "users"], "5"),
            ("spec.load={rate: 3}", ["spec", "load", "rate"], "3"),
            ("spec.name=a=b", ["spec", "name"], "a=b"),
            ("spec.load.rate=", ["spec", "load", "rate"], ""),
        ]
    )
    func `a path leads through keys, names and places`(
        setting: String,
        path: [String],
        expected: String
    ) throws {
        #expect(try Self.value(setting, at: path) == expected)
    }

    @Test(
        arguments: [
            ("spec.stages.ingst.batch=1", "did you mean 'ingest'?"),
            ("spec.stages.7.batch=1", "there is no '7' in spec.stages"),
            ("spec.load.rate.unit=1", "spec.load.rate is 10, in which there is no 'unit'"),
            ("spec.load=[1", "the value is not YAML"),
        ]
    )
    func `a path that leads nowhere is named`(setting: String, message: String) throws {
        let error = try #require(throws: DocumentSettingError.self) {
            try Self.value(setting, at: [])
        }
        #expect("\(error)".contains(message), "\(error)")
        #expect("\(error)".hasPrefix(setting))
    }

    @Test(arguments: ["", "rate", "=1", "a..b=1", ".a=1", "a=\u{1b}[31m"])
    func `what is not a path and value is not a setting`(text: String) {
        #expect(DocumentSetting(text) == nil)
    }
}
