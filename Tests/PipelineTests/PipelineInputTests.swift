import Commerce
import Pipeline
import Testing
import Timekeeping

@Suite("How a pipeline file says that a log is read")
struct PipelineInputTests {
    private func mapping(_ input: String) throws -> CSVMapping? {
        try PipelineDocument.parse(text: minimalPipeline + input, file: "f").csv
    }

    @Test("a preset is its mapping, with what is said beside it")
    func presets() throws {
        for preset in LogPreset.allCases where !preset.needsCurrency {
            #expect(try mapping("  input: {preset: \(preset.rawValue)}\n") == preset.mapping)
        }
        var expected = LogPreset.woocommerceOrders.mapping
        expected.currency = .constant(Currency(code: "EUR") ?? .none)
        expected.zone = try CivilZone(named: "Europe/Berlin")
        expected.timeFormat = .yyyymmdd
        expected.delimiter = UInt8(ascii: ";")
        expected.lastRowIsWhole = true
        let read = try mapping(
            """
              input:
                preset: woocommerce-orders
                currencyCode: EUR
                timeZone: Europe/Berlin
                timeFormat: yyyymmdd
                delimiter: ";"
                lastRowIsWhole: true

            """
        )
        #expect(read == expected)
    }

    @Test(
        "what an inspection prints is the mapping that it means",
        arguments: [
            ["order_id", "created_at", "customer_id", "price"],
            ["Order: Id", "Time #1", "n", "Total \"net\""],
            ["invoice", "date", "user", "amount", "event"],
            LogPreset.uciRetail.mapping.columnNames,
            LogPreset.woocommerceOrders.mapping.columnNames,
        ],
        [UInt8(ascii: ","), UInt8(ascii: "\t")]
    )
    func inspected(header: [String], delimiter: UInt8) throws {
        let values = header.map { name in
            switch name {
            case "date", "Time #1", "InvoiceDate", "Order Date": "05.01.2026"
            case "event": "view"
            case "amount": "1.234,50"
            default: "1"
            }
        }
        let inspection = LogInspection(header: header, rows: [values], delimiter: delimiter)
        let input = inspection.yaml.split(separator: "\n").dropFirst().joined(separator: "\n")
        #expect(try mapping(input + "\n") == inspection.mapping, "\(inspection.yaml)")
    }
}

extension PipelineInputTests {
    @Test("the preset for GA4's export reads lines of JSON")
    func export() throws {
        let document = try PipelineDocument.parse(
            text: minimalPipeline + "  input: {preset: ga4-export}\n",
            file: "f"
        )
        #expect(document.lines == .ga4Export)
        #expect(document.csv == nil)
    }
}

extension PipelineInputTests {
    @Test("what an inspection of JSON prints is the mapping that it means")
    func inspectedLines() throws {
        let texts = [
            #"{"id":"1","at/when":"05.01.2026","time":"2026-01-05","items":[{"sku":"p"}]}"#,
            #"{"event":"view","created":"2026-01-05T10:00:00Z","customer":{"id":"c"},"total":5}"#,
            #"{"n":1}"#,
        ]
        for text in texts {
            let inspection = LogInspection(lines: [try JSONTree(Array(text.utf8))])
            let input = inspection.yaml.split(separator: "\n").dropFirst().joined(separator: "\n")
            let document = try PipelineDocument.parse(
                text: minimalPipeline + input + "\n",
                file: "f"
            )
            #expect(document.lines == inspection.lines, "\(inspection.yaml)")
        }
    }

    @Test("of several pointers the first counts that leads to something")
    func places() throws {
        let document = try PipelineDocument.parse(
            text: minimalPipeline + """
                  input:
                    json:
                      fields: {time: /at, event: /name, user: [/user/id, /visitor]}

                """,
            file: "f"
        )
        let user = try #require(document.lines?.user)
        #expect(user.map(\.text) == ["/user/id", "/visitor"])
    }
}
